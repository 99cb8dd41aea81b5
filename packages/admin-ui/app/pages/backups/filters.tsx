import type { ReactNode } from 'react'
import { t } from '../../texts/texts.ts'

export interface BackupFilter {
  search: string
  status: string
  trigger: string
  pinned: boolean
  sort: string
}

export const startFilter: BackupFilter = { search: '', status: '', trigger: '', pinned: false, sort: '-created_at' }

const statuses = [
  ['', 'Every status'],
  ['completed', 'Completed'],
  ['pending,running', 'In progress'],
  ['failed,interrupted', 'Failed'],
  ['cancelled', 'Cancelled'],
] as const
const triggers = [
  ['', 'Every reason'],
  ['api', 'By request'],
  ['manual', 'By command'],
  ['schedule', 'On schedule'],
  ['pre_restore', 'Before a restore'],
  ['pre_migration', 'Before a migration'],
] as const

/** What is looked for, in one line above the list. */
export function Filters({
  filter,
  onChange,
  children,
}: {
  filter: BackupFilter
  onChange(next: Partial<BackupFilter>): void
  children: ReactNode
}) {
  return (
    <search className="filters">
      <input
        type="search"
        aria-label={t('Search backups')}
        placeholder={t('Search name, number, tag, person')}
        value={filter.search}
        onChange={(event) => onChange({ search: event.target.value })}
      />
      <select
        aria-label={t('Status')}
        value={filter.status}
        onChange={(event) => onChange({ status: event.target.value })}
      >
        {statuses.map(([value, text]) => (
          <option key={value} value={value}>
            {t(text)}
          </option>
        ))}
      </select>
      <select
        aria-label={t('Why it was made')}
        value={filter.trigger}
        onChange={(event) => onChange({ trigger: event.target.value })}
      >
        {triggers.map(([value, text]) => (
          <option key={value} value={value}>
            {t(text)}
          </option>
        ))}
      </select>
      <label className="filter-check">
        <input
          type="checkbox"
          checked={filter.pinned}
          onChange={(event) => onChange({ pinned: event.target.checked })}
        />
        {t('Pinned')}
      </label>
      <span className="filters-end">{children}</span>
    </search>
  )
}
