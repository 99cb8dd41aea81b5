import type { BackupDetails } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { BackupLink } from '../../parts/backup-link.tsx'
import { Badge } from '../../parts/badge.tsx'
import { brief, bytes, count, duration, secondsBetween, why, words } from '../../parts/format.ts'
import { Facts, Panel } from '../../parts/panel.tsx'
import { known, t } from '../../texts/texts.ts'
import { Quarantine } from './quarantine.tsx'

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>

/** What there is to know of a backup, the questions first that are asked first. */
export function BackupFacts({ backup }: { backup: CompletedBackup }) {
  const { last_verified: verified, exclusions } = backup
  const catalogs = backup.catalog_schemas.map((name) => t('{name} (the catalog)', { name }))
  const leftOut = [...catalogs, ...exclusions.schemas, ...exclusions.tables]
  const packages = Object.entries(backup.installed_packages)
  return (
    <div className="columns">
      <Panel title={t('What is in it')}>
        <Facts
          of={[
            [backup.media_only ? t('Media of') : t('Database'), <code key="">{backup.database}</code>],
            !backup.media_only && [
              t('Rows'),
              t('{rows} in {n} table | {rows} in {n} tables', { rows: backup.row_count, n: backup.table_count }),
            ],
            [
              t('Data'),
              backup.media_only
                ? bytes(backup.logical_bytes)
                : t('{size}, of a database of {all}', {
                    size: bytes(backup.logical_bytes),
                    all: bytes(backup.database_size),
                  }),
            ],
            [t('Added to storage'), bytes(backup.stored_bytes)],
            backup.large_object_count > 0 && [t('Large objects'), count(backup.large_object_count)],
            [t('Media'), backup.media.length > 0 ? mediaFolders(backup) : t('not included')],
            backup.lost_files > 0 && [t('Lost'), lostFiles(backup)],
            leftOut.length > 0 && [t('Left out'), leftOut.join(', ')],
            exclusions.rows.length > 0 && [t('Rows left out of'), exclusions.rows.join(', ')],
          ]}
        />
      </Panel>
      <Panel title={t('How it was made')}>
        <Facts
          of={[
            [t('Made'), brief(backup.created_at)],
            [t('Took'), duration(secondsBetween(backup.created_at, backup.completed_at))],
            [t('Kind'), `${words(backup.type)}, ${why(backup.trigger)}`],
            [t('By'), backup.created_by],
            backup.base !== null && [t('Read against'), <BackupLink key="" id={backup.base} />],
            [t('Tags'), tags(backup.tags)],
          ]}
        />
      </Panel>
      <Panel title={t('Can it be trusted')}>
        <Facts
          of={[
            [
              t('Verified'),
              verified ? (
                <>
                  <Badge status={verified.ok ? 'ok' : 'failed'}>{verified.ok ? t('good') : t('bad')}</Badge>{' '}
                  {words(verified.level)}, <Ago at={verified.at} />
                  {verified.problem && `: ${known(verified.problem)}`}
                </>
              ) : backup.media_only ? (
                t('not since it was made; at that time its manifest was read back')
              ) : (
                t('not since it was made; at that time its rows were counted and its manifest was read back')
              ),
            ],
            ...(backup.not_verified
              ? [
                  [
                    t('Last verification'),
                    t('{level} could not find out: {reason}', {
                      level: words(backup.not_verified.level),
                      reason: known(backup.not_verified.reason),
                    }),
                  ] as const,
                ]
              : []),
            [t('Checksum'), <code key="">{backup.checksum}</code>],
            [t('Id'), <code key="">{backup.id}</code>],
          ]}
        />
      </Panel>
      <Quarantine backup={backup} />
      <Panel title={t('Versions')}>
        <Facts
          of={[
            [t('Application'), `${backup.app_name} ${backup.app_version ?? ''}`],
            ['PostgreSQL', backup.postgres_version],
            ['Node.js', backup.node_version],
            ['Lifeboat', backup.lifeboat_version],
            backup.extensions.length > 0 && [
              t('Extensions'),
              backup.extensions.map(({ name, version }) => `${name} ${version}`).join(', '),
            ],
          ]}
        />
        {packages.length > 0 && (
          <details className="more">
            <summary>{t('{n} package | {n} packages', { n: packages.length })}</summary>
            <Facts of={packages.map(([name, version]) => [name, version] as const)} />
          </details>
        )}
      </Panel>
    </div>
  )
}

function mediaFolders({ media, media_size: size }: CompletedBackup): string {
  const folders = media.map(({ name, files }) => t('{name} ({n} file) | {name} ({n} files)', { name, n: files }))
  return t('{size} in {folders}', { size: bytes(size), folders: folders.join(', ') })
}

/** Completed with losses: what could not be read, by name as far as there is room. */
function lostFiles({ media, lost_files: lost }: CompletedBackup): string {
  const paths = media.flatMap(({ name, problems }) =>
    problems
      .filter(({ problem }) => problem === 'unreadable' || problem === 'vanished')
      .map(({ path }) => `${name}/${path}`),
  )
  const few = paths.slice(0, 5).join(', ')
  return t('{n} file of the media could not be read: {names} | {n} files of the media could not be read: {names}', {
    n: lost,
    names: paths.length > 5 ? `${few} …` : few,
  })
}

function tags(given: Record<string, string>): string {
  const all = Object.entries(given).map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return all.join(', ') || t('none')
}
