import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { CompletedBackup } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { bytes, count, duration, numbered, secondsBetween, words } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { t } from '../../texts/texts.ts'
import { compareMigrationState, compareRecords } from './compare-backups.ts'

/** Two backups side by side: how they were made, their migrations, versions and packages. */
export function Beside({ older, newer }: { older: CompletedBackup; newer: CompletedBackup }) {
  const migrations = compareMigrationState(older, newer)
  const differing = [
    ...compareRecords(versionsOf(older), versionsOf(newer)),
    ...compareRecords(older.installed_packages, newer.installed_packages),
  ]
  return (
    <>
      <Panel title={migrations.length === 0 ? t('Migrations: the same') : t('Migrations: different')}>
        {migrations.map(({ ledger, added, gone }) => (
          <ul key={ledger} aria-label={ledger}>
            {added.map((id) => (
              <li key={id}>
                <code>{id}</code> <span className="muted">{t('only in the newer one')}</span>
              </li>
            ))}
            {gone.map((id) => (
              <li key={id}>
                <code>{id}</code> <span className="muted">{t('only in the older one')}</span>
              </li>
            ))}
          </ul>
        ))}
        {migrations.length === 0 && <p className="muted">{t('Both have the same migrations applied.')}</p>}
      </Panel>
      {differing.length > 0 && (
        <Panel title={t('Versions and packages that differ')}>
          <ul>
            {differing.map(({ name, before, after }) => (
              <li key={name}>
                <code>{name}</code> {before ?? t('absent')} → {after ?? t('absent')}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title={t('Side by side')}>
        <TableFrame label={t('Both backups')}>
          <table>
            <thead>
              <tr>
                <th>
                  <span className="visually-hidden">{t('What')}</span>
                </th>
                {[older, newer].map(({ id, number, name }) => (
                  <th key={id} scope="col">
                    <Link href={`/backups/${id}`}>{numbered(number, name)}</Link>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              <Row
                name={t('Made')}
                cells={[<Ago key="a" at={older.created_at} />, <Ago key="b" at={newer.created_at} />]}
              />
              <Row name={t('Rows')} cells={[count(older.row_count), count(newer.row_count)]} />
              <Row name={t('Tables')} cells={[count(older.table_count), count(newer.table_count)]} />
              <Row name={t('Data')} cells={[bytes(older.logical_bytes), bytes(newer.logical_bytes)]} />
              <Row name={t('Added to storage')} cells={[bytes(older.stored_bytes), bytes(newer.stored_bytes)]} />
              <Row
                name={t('Media')}
                cells={[older, newer].map((one) => (one.include_media ? bytes(one.media_size) : t('not included')))}
              />
              <Row
                name={t('Took')}
                cells={[older, newer].map((one) => duration(secondsBetween(one.created_at, one.completed_at)))}
              />
            </tbody>
          </table>
        </TableFrame>
      </Panel>
    </>
  )
}

function Row({ name, cells }: { name: string; cells: readonly ReactNode[] }) {
  const [before, after] = cells
  return (
    <tr>
      <th scope="row" className="muted">
        {name}
      </th>
      <td className="numbers">{before}</td>
      <td className="numbers">{after}</td>
    </tr>
  )
}

function versionsOf(backup: CompletedBackup): Record<string, string> {
  return {
    application: backup.app_version ?? words('unknown'),
    postgresql: backup.postgres_version,
    node: backup.node_version,
    lifeboat: backup.lifeboat_version,
    ...Object.fromEntries(backup.extensions.map(({ name, version }) => [`extension ${name}`, version])),
  }
}
