import { useLocation } from 'wouter'
import { useBackup, useBackups } from '../../api/queries.ts'
import type { CompletedBackup } from '../../api/records.ts'
import { numbered } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { t } from '../../texts/texts.ts'
import { Beside } from './beside.tsx'
import { TableChanges } from './table-changes.tsx'

/** A backup and what came of it: another backup, or the database as it is now. The older one is left. */
export function ComparePage({ left, right }: { left: string; right: string }) {
  const one = useBackup(left)
  return (
    <Loaded page query={one} rows={8}>
      {(backup) =>
        backup.status !== 'completed' ? (
          <NotCompleted />
        ) : right === 'live' ? (
          <Shown before={backup} after={null} />
        ) : (
          <WithOther backup={backup} other={right} />
        )
      }
    </Loaded>
  )
}

function WithOther({ backup, other }: { backup: CompletedBackup; other: string }) {
  return (
    <Loaded page query={useBackup(other)} rows={8}>
      {(found) => {
        if (found.status !== 'completed') return <NotCompleted />
        const inOrder = backup.created_at <= found.created_at
        return <Shown before={inOrder ? backup : found} after={inOrder ? found : backup} />
      }}
    </Loaded>
  )
}

function Shown({ before, after }: { before: CompletedBackup; after: CompletedBackup | null }) {
  return (
    <>
      <PageHead title={t('Compare')} actions={<Choice before={before} after={after} />} />
      <TableChanges before={before} after={after} />
      {after && <Beside older={before} newer={after} />}
    </>
  )
}

function Choice({ before, after }: { before: CompletedBackup; after: CompletedBackup | null }) {
  const [, navigate] = useLocation()
  const { data } = useBackups({ status: 'completed', page_size: 100 })
  const listed: readonly { id: string; number: number | null; name: string | null }[] = data?.results ?? []
  const among = (chosen: { id: string; number: number | null; name: string | null }) =>
    listed.some(({ id }) => id === chosen.id) ? listed : [chosen, ...listed]
  const options = (chosen: CompletedBackup | null, without: CompletedBackup | null) =>
    (chosen ? among(chosen) : listed)
      .filter(({ id }) => id !== without?.id)
      .map((one) => (
        <option key={one.id} value={one.id}>
          {numbered(one.number, one.name)}
        </option>
      ))
  return (
    <span className="compared">
      <select
        aria-label={t('Backup to compare')}
        value={before.id}
        onChange={(event) => navigate(`/compare/${event.target.value}/${after?.id ?? 'live'}`)}
      >
        {options(before, after)}
      </select>
      <span className="muted">{t('with')}</span>
      <select
        aria-label={t('Compare with')}
        value={after?.id ?? 'live'}
        onChange={(event) => navigate(`/compare/${before.id}/${event.target.value}`)}
      >
        <option value="live">{t('the live database')}</option>
        {options(after, before)}
      </select>
    </span>
  )
}

function NotCompleted() {
  return (
    <>
      <PageHead title={t('Compare')} />
      <Empty title={t('Only completed backups can be compared.')} />
    </>
  )
}
