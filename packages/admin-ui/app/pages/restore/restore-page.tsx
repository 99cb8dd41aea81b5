import { useRestore, useTask } from '../../api/queries.ts'
import { isOpen, type Restore } from '../../api/records.ts'
import { LogView } from '../../log/log-view.tsx'
import { Ago } from '../../parts/ago.tsx'
import { BackupLink } from '../../parts/backup-link.tsx'
import { Badge } from '../../parts/badge.tsx'
import { brief, count, duration, secondsBetween, words } from '../../parts/format.ts'
import { KeptRows } from '../../parts/kept-rows.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'
import { CancelTask } from '../activity/cancel-task.tsx'
import { AfterRestore } from './after-restore.tsx'
import { wayText } from './ways.ts'

/** One restore: while it runs, and what came of it. */
export function RestorePage({ id }: { id: string }) {
  return (
    <Loaded page query={useRestore(id)}>
      {(restore) => <Shown restore={restore} />}
    </Loaded>
  )
}

const tones: Record<string, string> = {
  succeeded: 'ok',
  failed: 'bad',
  succeeded_with_problems: 'warn',
  interrupted: 'bad',
}

function Shown({ restore }: { restore: Restore }) {
  const { data: task } = useTask(restore.task_id)
  const running = isOpen(restore) || (task !== undefined && isOpen(task))
  const { error, problems } = restore
  return (
    <>
      <PageHead
        title={t('Restore of {database}', { database: restore.database })}
        about={
          <>
            <Badge status={restore.status} />{' '}
            {tx('begun {time} by {person}', { time: <Ago at={restore.started_at} />, person: restore.created_by })}
          </>
        }
      />
      <div className="stack" aria-live="polite">
        {running && task && (
          <section className="panel live" aria-label={t('Progress')}>
            <Progress task={task} />
            <CancelTask task={task} />
          </section>
        )}
        {!running && (
          <div className={`note ${tones[restore.status] ?? 'calm'}`}>
            <p>
              <strong>{known(restore.message)}</strong> {error && <Prose text={error.detail} />}{' '}
              {typeof error?.advice === 'string' && <Prose text={error.advice} />}
            </p>
            {problems.map(({ code, text, advice }) => (
              <p key={code + text}>
                <Prose text={text} /> {advice && <Prose text={advice} />}
              </p>
            ))}
            {!restore.checked && <p>{t('The server could not be asked now: this is what was seen last.')}</p>}
          </div>
        )}
        <AfterRestore restore={restore} />
      </div>
      <Panel title={t('What it is')}>
        <Facts
          of={[
            [t('Backup'), <BackupLink key="" id={restore.backup_id} />],
            [t('Way'), wayText(restore.strategy)],
            [t('Migrations'), restore.verdict ? words(restore.verdict) : t('none to compare')],
            ...ranFacts(restore.ran),
            [t('Rows'), count(restore.rows)],
            [t('Took'), restore.finished_at ? duration(secondsBetween(restore.started_at, restore.finished_at)) : '–'],
            restore.safety_backup_id !== null && [
              t('Safety backup'),
              <BackupLink key="" id={restore.safety_backup_id} />,
            ],
            restore.kept_database !== null && [t('Kept database'), <code key="">{restore.kept_database}</code>],
            restore.undo_until !== null && [t('Kept until'), brief(restore.undo_until)],
          ]}
        />
      </Panel>
      <KeptRows result={task?.result} />
      {restore.task_id && (
        <section aria-label={t('Log of the restore')}>
          <LogView taskId={restore.task_id} />
        </section>
      )}
    </>
  )
}

/** What ran on the restored data, by name; nothing where the restore did not come so far. */
function ranFacts(ran: Record<string, unknown>): [string, string][] {
  const names = (key: string) =>
    (Array.isArray(ran[key]) ? ran[key] : []).map((one: unknown) =>
      typeof one === 'object' && one !== null ? String(Reflect.get(one, 'name')) : String(one),
    )
  const rows: [string, string[]][] = [
    [t('Migrations run'), names('migrations')],
    [t('Data migrations'), names('data_migrations')],
    [t('Validators passed'), names('validators')],
  ]
  return rows.flatMap(([title, found]) => (found.length > 0 ? [[title, found.join(', ')]] : []))
}
