import { useState } from 'react'
import { useComparison } from '../../api/queries.ts'
import type { Comparison, CompletedBackup } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Check } from '../../parts/field.tsx'
import { count } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Pager } from '../../parts/pager.tsx'
import { Panel } from '../../parts/panel.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'
import { ChangedTables } from './changed-tables.tsx'
import { byWeight, isChanged, rowsOf } from './compare-backups.ts'

const pageSize = 100

/** What became of every table: its columns, its rows, its bytes. */
export function TableChanges({ before, after }: { before: CompletedBackup; after: CompletedBackup | null }) {
  const comparison = useComparison(before.id, after?.id ?? 'live')
  return (
    <Loaded query={comparison} rows={8}>
      {(found) => (
        <Shown
          key={found.before.kind === 'backup' ? found.before.id : ''}
          comparison={found}
          again={after ? undefined : () => comparison.refetch()}
          busy={comparison.isFetching}
        />
      )}
    </Loaded>
  )
}

interface ShownProps {
  comparison: Comparison
  again: (() => void) | undefined
  busy: boolean
}

function Shown({ comparison: { before, tables, after }, again, busy }: ShownProps) {
  const { may } = useSession()
  const [all, setAll] = useState(false)
  const [page, setPage] = useState(1)
  const changed = tables.filter(isChanged)
  const listed = byWeight(all ? tables : changed)
  const columns = tables.reduce(
    (sum, { columns: { added, removed, changed: other } }) => sum + added.length + removed.length + other.length,
    0,
  )
  const [rowsBefore, rowsAfter] = [rowsOf(tables, 'before'), rowsOf(tables, 'after')]
  const estimated = tables.some((one) => one.after?.exact === false)
  return (
    <>
      <dl className="figures">
        <Figure
          name={t('Tables that differ')}
          value={count(changed.length)}
          note={t('of {n} table | of {n} tables', { n: tables.length })}
        />
        <Figure
          name={t('Tables made or dropped')}
          value={count(tables.filter(({ schema }) => schema === 'added' || schema === 'removed').length)}
        />
        <Figure name={t('Columns that differ')} value={count(columns)} />
        <Figure
          name={after.kind === 'live' ? t('Rows now') : t('Rows in the newer one')}
          value={`${estimated ? '≈ ' : ''}${count(rowsAfter)}`}
          note={t('{rows} before', { rows: count(rowsBefore) })}
        />
      </dl>
      <Panel
        title={changed.length === 0 ? t('No table differs in columns, rows or bytes') : t('Tables')}
        actions={
          <span className="actions">
            <Check label={t('Show all')} checked={all} onChange={setAll} />
            {again && (
              <Button busy={busy} onClick={again}>
                {t('Look again')}
              </Button>
            )}
            {again && before.kind === 'backup' && may('restores:read') && (
              <ButtonLink icon="restore" to={`/backups/${before.id}/restore`}>
                {t('Restore…')}
              </ButtonLink>
            )}
          </span>
        }
      >
        {listed.length > 0 && (
          <>
            <ChangedTables tables={listed.slice((page - 1) * pageSize, page * pageSize)} live={after.kind === 'live'} />
            <Pager page={page} pages={Math.ceil(listed.length / pageSize)} onPage={setPage}>
              {t('{some} of {n} table | {some} of {n} tables', { some: listed.length, n: tables.length })}
            </Pager>
          </>
        )}
        <p className="hint">
          {after.kind === 'live' ? (
            <>
              {tx('Read {time} from the catalogs; small tables were counted.', { time: <Ago at={after.read_at} /> })}{' '}
              {estimated && t('Rows with ≈ are the server’s estimate.')}{' '}
              {t('Rows may have changed without their number.')}
            </>
          ) : (
            t('Rows may have changed where neither their number nor their bytes did.')
          )}
        </p>
      </Panel>
    </>
  )
}

function Figure({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {note && <span className="muted">{note}</span>}
      </dd>
    </div>
  )
}
