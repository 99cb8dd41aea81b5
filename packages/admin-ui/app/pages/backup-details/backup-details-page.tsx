import { useState } from 'react'
import { useLocation } from 'wouter'
import { useBackup, useTask } from '../../api/queries.ts'
import { type BackupDetails, isOpen } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { ActionList, useFormsOf } from '../../forms/action-list.tsx'
import { LogView } from '../../log/log-view.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { brief, numbered, why, words } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { Menu } from '../../parts/menu.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Prose } from '../../parts/prose.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { t } from '../../texts/texts.ts'
import { CancelTask } from '../activity/cancel-task.tsx'
import { DownloadBackup } from '../backups/download-backup.tsx'
import { EditBackup } from '../backups/edit-backup.tsx'
import { useBackupActions } from '../backups/use-backup-actions.tsx'
import { BackupFacts } from './backup-facts.tsx'
import { MigrationState } from './migration-state.tsx'
import { TablesOfBackup } from './tables-of-backup.tsx'
import { Verifications } from './verifications.tsx'

export function BackupDetailsPage({ id }: { id: string }) {
  return (
    <Loaded page query={useBackup(id)}>
      {(backup) => <Shown backup={backup} />}
    </Loaded>
  )
}

function Shown({ backup }: { backup: BackupDetails }) {
  const { may } = useSession()
  const [, navigate] = useLocation()
  const [fetching, setFetching] = useState(false)
  const [editing, setEditing] = useState(false)
  const { itemsFor, windows } = useBackupActions(() => navigate('/backups'))
  const isThere = backup.status === 'completed'
  const actions = isThere && (
    <>
      {may('restores:read') && (
        <ButtonLink icon="restore" kind="primary" to={`/backups/${backup.id}/restore`}>
          {t('Restore…')}
        </ButtonLink>
      )}
      {!backup.media_only && <ButtonLink to={`/compare/${backup.id}/live`}>{t('Compare with now')}</ButtonLink>}
      {may('backups:download') && (
        <Button icon="download" onClick={() => setFetching(true)}>
          {t('Download')}
        </Button>
      )}
      {may('backups:pin') && <Button onClick={() => setEditing(true)}>{t('Edit')}</Button>}
      <Menu label={t('More actions')} items={itemsFor(backup).filter((item) => item && item.id === undefined)} />
    </>
  )
  return (
    <>
      <PageHead
        title={backup.name || t('Backup {number}', { number: String(backup.number ?? '') })}
        about={
          <>
            <Badge status={backup.status} /> {backup.number !== null && `${numbered(backup.number, null)} · `}
            {backup.created_at && <Ago at={backup.created_at} />}
            {` · ${why(backup.trigger)} · ${backup.created_by}`}
            {backup.pinned && ` · ${t('pinned')}`}
          </>
        }
        actions={actions}
      />
      {backup.description && <p className="lead">{backup.description}</p>}
      {backup.status === 'completed' ? <Completed backup={backup} /> : <Unfinished backup={backup} />}
      {windows}
      {fetching && <DownloadBackup backup={backup} onClose={() => setFetching(false)} />}
      {editing && <EditBackup id={backup.id} onClose={() => setEditing(false)} />}
    </>
  )
}

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>

function Completed({ backup }: { backup: CompletedBackup }) {
  const forms = useFormsOf('backup').length > 0
  return (
    <Tabs
      label={t('Parts of the backup')}
      tabs={[
        { id: 'overview', label: t('Overview'), content: () => <BackupFacts backup={backup} /> },
        !backup.media_only && {
          id: 'tables',
          label: t('Tables ({n}) | Tables ({n})', { n: backup.tables.length }),
          content: () => <TablesOfBackup backup={backup} />,
        },
        !backup.media_only && {
          id: 'migrations',
          label: t('Migrations'),
          content: () => <MigrationState state={backup.migration_state} />,
        },
        { id: 'verifications', label: t('Verification'), content: () => <Verifications backup={backup} /> },
        forms &&
          !backup.media_only && {
            id: 'more',
            label: t('Rows and more'),
            content: () => <ActionList page="backup" subject={backup.id} />,
          },
        { id: 'log', label: t('Log'), content: () => <LogOrNot taskId={backup.task_id} /> },
        {
          id: 'raw',
          label: t('Raw'),
          content: () => (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
            <pre className="raw" tabIndex={0}>
              {JSON.stringify(backup, null, 2)}
            </pre>
          ),
        },
      ]}
    />
  )
}

function LogOrNot({ taskId }: { taskId: string | null }) {
  if (taskId) return <LogView taskId={taskId} />
  return (
    <Empty title={t('No log is kept of this backup.')}>{t('It was made by a command or a program of its own.')}</Empty>
  )
}

function Unfinished({ backup }: { backup: Exclude<BackupDetails, CompletedBackup> }) {
  const { data: task } = useTask(backup.task_id)
  // A cancelled backup does not show an error: its user asked for it.
  const error = backup.status === 'cancelled' ? null : backup.error
  return (
    <div className="stack">
      {task && isOpen(task) && (
        <section className="panel live" aria-label={t('Progress')}>
          <Progress task={task} />
          <CancelTask task={task} />
        </section>
      )}
      {error && (
        <div className="note bad">
          <strong>{words(error.code)}</strong>: <Prose text={error.detail} />
          {typeof error.advice === 'string' && (
            <p className="advice">
              <Prose text={error.advice} />
            </p>
          )}
        </div>
      )}
      {!error && !isOpen(backup) && (
        <p className="muted">
          {endOf(backup)} {t('There is nothing to restore.')}
        </p>
      )}
      <LogView taskId={backup.task_id} />
    </div>
  )
}

function endOf({ status, completed_at: at }: BackupDetails): string {
  if (!at) return status === 'cancelled' ? t('It was cancelled.') : t('It ended before it was complete.')
  return status === 'cancelled'
    ? t('It was cancelled: {time}.', { time: brief(at) })
    : t('It ended: {time}.', { time: brief(at) })
}
