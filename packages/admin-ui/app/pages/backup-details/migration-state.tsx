import { Empty } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'
import { MigrationRail } from '../restore/migration-rail.tsx'

/** The migrations that had been applied when the backup was made. */
export function MigrationState({ state }: { state: Record<string, string[]> }) {
  const ledgers = Object.entries(state)
  if (ledgers.length === 0)
    return (
      <Empty title={t('No migrations were recorded.')}>
        <p className="muted">{t('The engine was given no inspector for a migration tool.')}</p>
      </Empty>
    )
  return ledgers.map(([name, ids]) => (
    <Panel key={name} title={t('{name}: {n} applied | {name}: {n} applied', { name, n: ids.length })}>
      <MigrationRail label={t('Migrations of {name}', { name })} stops={ids.map((id) => ({ id, state: 'applied' }))} />
    </Panel>
  ))
}
