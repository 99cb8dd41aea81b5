import type { BackupDetails } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { BackupLink } from '../../parts/backup-link.tsx'
import { Badge } from '../../parts/badge.tsx'
import { brief, bytes, count, counted, duration, secondsBetween, why } from '../../parts/format.ts'
import { Facts, Panel } from '../../parts/panel.tsx'

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>

/** What there is to know of a backup, the questions first that are asked first. */
export function BackupFacts({ backup }: { backup: CompletedBackup }) {
  const { last_verified: verified, exclusions } = backup
  const catalogs = backup.catalog_schemas.map((name) => `${name} (the catalog)`)
  const leftOut = [...catalogs, ...exclusions.schemas, ...exclusions.tables]
  const packages = Object.entries(backup.installed_packages)
  return (
    <div className="columns">
      <Panel title="What is in it">
        <Facts
          of={[
            [backup.media_only ? 'Media of' : 'Database', <code key="">{backup.database}</code>],
            !backup.media_only && ['Rows', `${count(backup.row_count)} in ${counted(backup.table_count, 'table')}`],
            [
              'Data',
              backup.media_only
                ? bytes(backup.logical_bytes)
                : `${bytes(backup.logical_bytes)}, of a database of ${bytes(backup.database_size)}`,
            ],
            ['Added to storage', bytes(backup.stored_bytes)],
            backup.large_object_count > 0 && ['Large objects', count(backup.large_object_count)],
            ['Media', backup.media.length > 0 ? `${bytes(backup.media_size)}${mediaFolders(backup)}` : 'not included'],
            backup.lost_files > 0 && ['Lost', lostFiles(backup)],
            leftOut.length > 0 && ['Left out', leftOut.join(', ')],
            exclusions.rows.length > 0 && ['Rows left out of', exclusions.rows.join(', ')],
          ]}
        />
      </Panel>
      <Panel title="How it was made">
        <Facts
          of={[
            ['Made', brief(backup.created_at)],
            ['Took', duration(secondsBetween(backup.created_at, backup.completed_at))],
            ['Kind', `${backup.type}, ${why(backup.trigger)}`],
            ['By', backup.created_by],
            backup.base !== null && ['Read against', <BackupLink key="" id={backup.base} />],
            ['Tags', tags(backup.tags)],
          ]}
        />
      </Panel>
      <Panel title="Can it be trusted">
        <Facts
          of={[
            [
              'Verified',
              verified ? (
                <>
                  <Badge status={verified.ok ? 'ok' : 'failed'}>{verified.ok ? 'good' : 'bad'}</Badge> {verified.level},{' '}
                  <Ago at={verified.at} />
                  {verified.problem && `: ${verified.problem}`}
                </>
              ) : (
                `not since it was made; at that time ${backup.media_only ? '' : 'its rows were counted and '}its manifest was read back`
              ),
            ],
            ...(backup.not_verified
              ? [
                  [
                    'Last verification',
                    `${backup.not_verified.level} could not find out: ${backup.not_verified.reason}`,
                  ] as const,
                ]
              : []),
            ['Checksum', <code key="">{backup.checksum}</code>],
            ['Id', <code key="">{backup.id}</code>],
          ]}
        />
      </Panel>
      <Panel title="Versions">
        <Facts
          of={[
            ['Application', `${backup.app_name} ${backup.app_version ?? ''}`],
            ['PostgreSQL', backup.postgres_version],
            ['Node', backup.node_version],
            ['Lifeboat', backup.lifeboat_version],
            backup.extensions.length > 0 && [
              'Extensions',
              backup.extensions.map(({ name, version }) => `${name} ${version}`).join(', '),
            ],
          ]}
        />
        {packages.length > 0 && (
          <details className="more">
            <summary>{packages.length} packages</summary>
            <Facts of={packages.map(([name, version]) => [name, version] as const)} />
          </details>
        )}
      </Panel>
    </div>
  )
}

function mediaFolders({ media }: CompletedBackup): string {
  return media.length === 0 ? '' : ` in ${media.map(({ name, files }) => `${name} (${count(files)} files)`).join(', ')}`
}

/** Completed with losses: what could not be read, by name as far as there is room. */
function lostFiles({ media, lost_files: lost }: CompletedBackup): string {
  const paths = media.flatMap(({ name, problems }) =>
    problems
      .filter(({ problem }) => problem === 'unreadable' || problem === 'vanished')
      .map(({ path }) => `${name}/${path}`),
  )
  const few = paths.slice(0, 5).join(', ')
  return `${counted(lost, 'file')} of the media could not be read: ${few}${paths.length > 5 ? ' …' : ''}`
}

function tags(given: Record<string, string>): string {
  const all = Object.entries(given).map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return all.join(', ') || 'none'
}
