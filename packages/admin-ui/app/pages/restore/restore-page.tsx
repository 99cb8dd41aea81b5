import { useRestore, useTask } from '../../api/queries.ts'
import { isOpen, type Restore } from '../../api/records.ts'
import { LogView } from '../../log/log-view.tsx'
import { Ago } from '../../parts/ago.tsx'
import { BackupLink } from '../../parts/backup-link.tsx'
import { Badge } from '../../parts/badge.tsx'
import { brief, count, duration, secondsBetween } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'
import { Progress } from '../../parts/progress.tsx'
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

const outcomes: Record<string, string> = {
  succeeded: 'The restored database is live.',
  undone: 'It was undone: the database from before it is live again.',
  confirmed: 'It is final: the database from before it has been dropped.',
  failed: 'It failed. The live database was not touched.',
  cancelled: 'It was cancelled. The live database was not touched.',
  interrupted: 'It was interrupted. Look at the log before you try again.',
}

function outcomeOf({ status, strategy }: Restore): string | undefined {
  if (strategy === 'new-database' && status === 'succeeded') return 'The new database is there. Nothing was replaced.'
  // After the commit of an in-place restore, what is live is the restored database.
  if (strategy === 'in-place' && status !== 'succeeded') return `It was ${status}. Look at the log for how far it came.`
  return outcomes[status]
}

function Shown({ restore }: { restore: Restore }) {
  const { data: task } = useTask(restore.task_id)
  const running = isOpen(restore) || (task !== undefined && isOpen(task))
  const outcome = outcomeOf(restore)
  return (
    <>
      <PageHead
        title={`Restore of ${restore.database}`}
        about={
          <>
            <Badge status={restore.status} /> begun <Ago at={restore.started_at} /> by {restore.created_by}
          </>
        }
      />
      <div className="stack" aria-live="polite">
        {running && task && (
          <section className="panel live" aria-label="Progress">
            <Progress task={task} />
            <CancelTask task={task} />
          </section>
        )}
        {!running && outcome && (
          <p className={`note ${restore.status === 'succeeded' ? 'ok' : restore.status === 'failed' ? 'bad' : 'calm'}`}>
            <strong>{outcome}</strong> {restore.error?.detail}
          </p>
        )}
        <AfterRestore restore={restore} />
      </div>
      <Panel title="What it is">
        <Facts
          of={[
            ['Backup', <BackupLink key="" id={restore.backup_id} />],
            ['Way', wayText(restore.strategy)],
            ['Migrations', restore.verdict ?? 'none to compare'],
            ['Rows', count(restore.rows)],
            ['Took', restore.finished_at ? duration(secondsBetween(restore.started_at, restore.finished_at)) : '–'],
            restore.safety_backup_id !== null && ['Safety backup', <BackupLink key="" id={restore.safety_backup_id} />],
            restore.kept_database !== null && ['Kept database', <code key="">{restore.kept_database}</code>],
            restore.undo_until !== null && ['Kept until', brief(restore.undo_until)],
          ]}
        />
      </Panel>
      {restore.task_id && (
        <section aria-label="Log of the restore">
          <LogView taskId={restore.task_id} />
        </section>
      )}
    </>
  )
}
