import { readLedgerRows } from '../ledger-rows.ts'
import type { Preset } from './preset.ts'

/**
 * Django: a row is an app and a name. Apps come from packages as well, so what the code knows cannot be read from a folder:
 * give `known` (docs/migrations.md has the lines of Python that print it, with what squashes replace).
 */
export const django: Preset = {
  table: 'django_migrations',
  order: 'any',
  async applied(query, ledger) {
    const columns = ['id', 'app', 'name', 'applied'] as const
    const rows = await readLedgerRows(query, ledger, { columns, order: ['id'] })
    return (rows ?? []).map(({ app, name, applied }) => ({
      id: `${app}.${name}`,
      ...(applied === null ? {} : { appliedAt: applied }),
    }))
  },
  // Its URL comes from settings.py: the project has to read DATABASE_URL there.
  command: () => ({ file: 'python3', args: ['manage.py', 'migrate', '--noinput'] }),
}
