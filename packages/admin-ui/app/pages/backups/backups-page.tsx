import { useState } from 'react'
import { useLocation } from 'wouter'
import { useBackups } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { ActionList } from '../../forms/action-list.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Pager } from '../../parts/pager.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import { t } from '../../texts/texts.ts'
import { BackupTable } from './backup-table.tsx'
import { CreateBackup } from './create-backup.tsx'
import { type BackupFilter, Filters, startFilter } from './filters.tsx'
import { saveCsv } from './save-csv.ts'
import { UploadBackup } from './upload-backup.tsx'
import { useBackupActions } from './use-backup-actions.tsx'

const pageSize = 50

export function BackupsPage() {
  const { may, database, uploads } = useSession()
  const [, navigate] = useLocation()
  const [filter, setFilter] = useState<BackupFilter>(startFilter)
  const [page, setPage] = useState(1)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [creating, setCreating] = useState(false)
  const [uploading, setUploading] = useState(false)
  const query = {
    search: useSettled(filter.search.trim()) || undefined,
    status: filter.status || undefined,
    trigger: filter.trigger || undefined,
    pinned: filter.pinned ? 'true' : undefined,
    sort: filter.sort,
  }
  const backups = useBackups({ ...query, page, page_size: pageSize, forecast: 'true' })
  const { itemsFor, windows } = useBackupActions()
  const change = (next: Partial<BackupFilter>) => {
    setFilter({ ...filter, ...next })
    setPage(1)
  }
  const choose = (id: string) =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen.slice(-1), id])
  const isFiltered = Boolean(query.search ?? query.status ?? query.trigger ?? query.pinned)
  const create = may('backups:create') && (
    <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
      {t('Back up now')}
    </Button>
  )

  return (
    <>
      <PageHead title={t('Backups')} actions={create} />
      <Filters filter={filter} onChange={change}>
        <Button icon="download" onClick={() => saveCsv({ ...query, database })}>
          CSV
        </Button>
        {uploads && may('backups:create') && <Button onClick={() => setUploading(true)}>{t('Upload a file')}</Button>}
        <Button
          disabled={chosen.length === 0}
          title={chosen.length === 0 ? t('Select one backup, to compare it with now, or two') : undefined}
          onClick={() => navigate(`/compare/${[...chosen, 'live'].slice(0, 2).join('/')}`)}
        >
          {chosen.length === 1 ? t('Compare with now') : t('Compare')}
        </Button>
      </Filters>
      <Loaded query={backups} rows={8}>
        {({ results, count }) =>
          results.length === 0 ? (
            <Empty title={isFiltered ? t('No backup matches.') : t('There is no backup yet.')}>
              {isFiltered ? (
                <Button onClick={() => change(startFilter)}>{t('Show all')}</Button>
              ) : (
                <>
                  <p className="muted">
                    {t('The first one reads everything; it does not get in the application’s way.')}
                  </p>
                  {create && <Button onClick={() => setCreating(true)}>{t('Make the first backup')}</Button>}
                  <ButtonLink kind="quiet" to="/schedule">
                    {t('Or let them be made every night')}
                  </ButtonLink>
                </>
              )}
            </Empty>
          ) : (
            <>
              <BackupTable
                backups={results}
                sort={filter.sort}
                onSort={(sort) => change({ sort })}
                chosen={chosen}
                onChoose={choose}
                itemsFor={itemsFor}
              />
              <Pager page={page} pages={Math.ceil(count / pageSize)} onPage={setPage}>
                {t('{n} backup | {n} backups', { n: count })}
              </Pager>
            </>
          )
        }
      </Loaded>
      <ActionList page="backups" />
      {uploading && <UploadBackup onClose={() => setUploading(false)} />}
      {creating && <CreateBackup onClose={() => setCreating(false)} />}
      {windows}
    </>
  )
}
