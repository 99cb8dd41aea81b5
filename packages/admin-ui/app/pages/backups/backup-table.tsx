import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useOpenTasks } from '../../api/queries.ts'
import type { Backup, Task } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { bytes, duration, secondsBetween, why } from '../../parts/format.ts'
import { Icon } from '../../parts/icon.tsx'
import { Menu, type MenuItem } from '../../parts/menu.tsx'
import { phaseText } from '../../parts/phases.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { known, t } from '../../texts/texts.ts'

interface BackupTableProps {
  backups: readonly Backup[]
  sort: string
  onSort(sort: string): void
  chosen: readonly string[]
  onChoose(id: string): void
  itemsFor(backup: Backup): (MenuItem | false)[]
}

export function BackupTable({ backups, sort, onSort, chosen, onChoose, itemsFor }: BackupTableProps) {
  const { data: open = [] } = useOpenTasks()
  const column = (field: string, text: string, className = '') => (
    <SortableColumn {...{ field, sort, onSort, className }}>{text}</SortableColumn>
  )
  return (
    <TableFrame label={t('Backups')}>
      <table className="backups">
        <thead>
          <tr>
            <th className="narrow">
              <span className="visually-hidden">{t('Compare')}</span>
            </th>
            {column('number', t('No.'), 'number narrow wide-only')}
            {column('name', t('Backup'))}
            {column('status', t('Status'))}
            {column('created_at', t('Made'), 'wide-only')}
            <th className="number wide-only">{t('Took')}</th>
            {column('logical_bytes', t('Data'), 'number wide-only')}
            {column('stored_bytes', t('Added#bytes'), 'number wide-only')}
            <th className="narrow">
              <span className="visually-hidden">{t('Actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {backups.map((backup) => (
            <BackupLine
              key={backup.id}
              backup={backup}
              task={open.find(({ task_id }) => task_id === backup.task_id)}
              chosen={chosen.includes(backup.id)}
              onChoose={onChoose}
              menu={
                <Menu
                  label={t('Actions of backup {number}', { number: String(backup.number ?? backup.id) })}
                  items={itemsFor(backup)}
                />
              }
            />
          ))}
        </tbody>
      </table>
    </TableFrame>
  )
}

interface LineProps {
  backup: Backup
  task: Task | undefined
  chosen: boolean
  onChoose(id: string): void
  menu: ReactNode
}

function BackupLine({ backup, task, chosen, onChoose, menu }: LineProps) {
  const { id, number, name, status, created_at: made, completed_at: completed, trigger, created_by: by } = backup
  const title = name || (trigger === 'schedule' ? t('Automatic backup') : t('Backup'))
  return (
    <tr>
      <td className="narrow">
        {status === 'completed' && (
          <input
            type="checkbox"
            aria-label={t('Compare backup {number}', { number: String(number ?? id) })}
            checked={chosen}
            onChange={() => onChoose(id)}
          />
        )}
      </td>
      <td className="number narrow muted wide-only">{number ?? ''}</td>
      <th scope="row">
        <Link href={`/backups/${id}`} className="row-link">
          {title}
        </Link>
        {backup.pinned && (
          <span className="pin" title={t('Pinned')}>
            <Icon name="pin" />
            <span className="visually-hidden">{t('Pinned')}</span>
          </span>
        )}
        <span className="row-note muted">
          <span className="phone-only">
            <Ago at={made} />
          </span>
          <span className="wide-only">
            {[why(trigger), by, backup.media_only ? t('media alone') : backup.include_media ? t('with media') : '']
              .filter(Boolean)
              .join(' · ')}
          </span>
        </span>
      </th>
      <td>
        {task?.status === 'running' && task.progress ? (
          <span className="row-progress">
            <progress
              max={100}
              aria-label={t('Backup {number}: {phase}', {
                number: String(number ?? id),
                phase: phaseText(task.progress.phase),
              })}
              {...(task.progress.percent === null ? {} : { value: task.progress.percent })}
            />
            <span className="muted">{phaseText(task.progress.phase)}</span>
          </span>
        ) : (
          <span className="row-status">
            <Badge status={status} />
            {backup.status === 'completed' && backup.quarantine?.trusted === null && (
              <Badge status="warning">{t('quarantine')}</Badge>
            )}
            {backup.status === 'completed' && backup.lost_files > 0 && (
              <Badge status="warning">{t('with losses')}</Badge>
            )}
            <Outlook backup={backup} />
            {backup.last_verified && (
              <Badge status={backup.last_verified.ok ? 'ok' : 'failed'}>
                {backup.last_verified.ok ? t('verified') : t('bad')}
              </Badge>
            )}
          </span>
        )}
      </td>
      <td className="nowrap wide-only">
        <Ago at={made} />
      </td>
      <td className="number wide-only nowrap">{completed ? duration(secondsBetween(made, completed)) : '–'}</td>
      <td className="number wide-only nowrap">{bytes(backup.logical_bytes)}</td>
      <td className="number nowrap wide-only">{bytes(backup.stored_bytes)}</td>
      <td className="narrow">{menu}</td>
    </tr>
  )
}

/** Of a backup that the running code could not restore as it is: how it could, if at all. */
function Outlook({ backup }: { backup: Backup }) {
  if (backup.status !== 'completed' || !backup.forecast) return null
  const { outlook, why: reason } = backup.forecast
  if (outlook === 'as-is' || outlook === 'unknown') return null
  return (
    <span title={known(reason)}>
      {outlook === 'migrated' ? (
        <Badge status={outlook}>{t('restorable by migrations')}</Badge>
      ) : outlook === 'carried' ? (
        <Badge status="warning">{t('restorable by carried steps')}</Badge>
      ) : (
        <Badge status="failed">{t('not restorable by this code')}</Badge>
      )}
    </span>
  )
}

interface ColumnProps {
  field: string
  sort: string
  onSort(sort: string): void
  className: string
  children: string
}

/** Sorted by once for ascending, again for descending. */
function SortableColumn({ field, sort, onSort, className, children }: ColumnProps) {
  const state = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : 'none'
  return (
    <th className={className} aria-sort={state}>
      <button type="button" className="sort" onClick={() => onSort(state === 'descending' ? field : `-${field}`)}>
        {children}
      </button>
    </th>
  )
}
