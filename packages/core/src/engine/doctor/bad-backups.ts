import type { Probe, RepositoryContext } from './probe.ts'

/** Backups whose last verification found them bad. */
export const badBackups: Probe<RepositoryContext> = {
  id: 'backup.bad',
  async run({ stored }) {
    const { backups } = await stored()
    return backups.flatMap(({ manifest, lastVerified }) =>
      lastVerified?.ok === false
        ? [
            {
              id: 'backup.bad',
              level: 'failed' as const,
              message: `Backup ${manifest.number} failed its last verification (${lastVerified.level}, ${lastVerified.at.slice(0, 10)})${lastVerified.problem ? `: ${lastVerified.problem}` : '.'}`,
              advice:
                'Repair it from a copy: {maintenance.repair}. Without a copy, make another backup and delete this one.',
            },
          ]
        : [],
    )
  },
}
