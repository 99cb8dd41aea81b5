import { Link } from 'wouter'
import { useTask } from '../../api/queries.ts'
import { isOpen, type Task } from '../../api/records.ts'
import { LogView } from '../../log/log-view.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { brief, duration, secondsBetween, why, words } from '../../parts/format.ts'
import { KeptRows } from '../../parts/kept-rows.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'
import { CancelTask } from './cancel-task.tsx'
import { kindText } from './kinds.ts'

/** One job: how far it is, what it says, what came of it. */
export function TaskDetails({ taskId }: { taskId: string }) {
  const task = useTask(taskId)
  return (
    <>
      <p className="back">
        <Link href="/activity">{t('All activity')}</Link>
      </p>
      <Loaded page query={task}>
        {(found) => <Shown task={found} />}
      </Loaded>
    </>
  )
}

function Shown({ task }: { task: Task }) {
  const about = linkOf(task)
  return (
    <>
      <PageHead
        title={kindText(task.kind)}
        about={
          <>
            <Badge status={task.status} />{' '}
            {tx('asked for {time} {why}, {person}', {
              time: <Ago at={task.created_at} />,
              why: why(task.trigger, task.kind),
              person: task.created_by,
            })}
          </>
        }
        actions={<CancelTask task={task} />}
      />
      <div className="stack">
        {isOpen(task) && (
          <section className="panel live" aria-label={t('Progress')}>
            <Progress task={task} />
          </section>
        )}
        {task.error && task.status !== 'cancelled' && (
          <p className="note bad">
            <strong>{words(task.error.code)}</strong>: {known(task.error.detail)}{' '}
            {typeof task.error.advice === 'string' && <Prose text={task.error.advice} />}
          </p>
        )}
        <KeptRows result={task.result} />
        <LogView taskId={task.task_id} />
        <Panel title={t('Particulars')}>
          <Facts
            of={[
              about !== false && [
                t('About'),
                <Link key="" href={about}>
                  {task.subject_id}
                </Link>,
              ],
              [t('Begun'), task.started_at ? brief(task.started_at) : isOpen(task) ? t('not yet') : t('never')],
              [t('Ended'), task.finished_at ? brief(task.finished_at) : '–'],
              [t('Took'), task.started_at ? duration(secondsBetween(task.started_at, task.finished_at)) : '–'],
              task.resumes !== null && [
                t('Continues'),
                <Link key="" href={`/activity/${task.resumes}`}>
                  {task.resumes}
                </Link>,
              ],
              [t('Task'), <code key="">{task.task_id}</code>],
            ]}
          />
          {task.result && (
            <details className="more">
              <summary>{t('Result')}</summary>
              <pre className="raw">{JSON.stringify(task.result, null, 2)}</pre>
            </details>
          )}
        </Panel>
      </div>
    </>
  )
}

function linkOf({ kind, subject_id: subject }: Task): string | false {
  if (subject === null) return false
  if (['restore', 'undo', 'discard'].includes(kind)) return `/restores/${subject}`
  // Ids say what they are of: b… of a backup, w… of a rewind.
  return subject.startsWith('b') ? `/backups/${subject}` : subject.startsWith('w') && '/restore'
}
