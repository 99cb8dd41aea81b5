import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { listFolder, sqlHash } from '../files.ts'
import type { Migration } from '../inspector.ts'
import { type LedgerRow, readLedgerRows } from '../ledger-rows.ts'
import type { Preset } from './preset.ts'

const columns = ['installed_rank', 'version', 'description', 'type', 'checksum', 'installed_on', 'success'] as const
type Row = LedgerRow<(typeof columns)[number]>

/** Flyway: versions compared by their parts; `R__` files run again whenever they change; a baseline covers all below it. */
export const flyway: Preset = {
  table: 'flyway_schema_history',
  order: 'strict',
  folder: 'src/main/resources/db/migration',
  async applied(query, ledger, known) {
    const rows = (await readLedgerRows(query, ledger, { columns, order: ['installed_rank'] })) ?? []
    return appliedRows(rows, rows.some(({ type }) => type === 'BASELINE') ? await known() : [])
  },
  known: async (folder) => {
    const files = (await listFolder(folder)).filter((file) => file.endsWith('.sql'))
    const found = await Promise.all(files.map((file) => describeFile(folder, file)))
    return found.filter((migration) => migration !== null).sort(inOrder)
  },
  command: ({ host, port, database, user, password, folder }) => ({
    file: 'flyway',
    args: ['migrate'],
    env: {
      FLYWAY_URL: `jdbc:postgresql://${host}:${port}/${encodeURIComponent(database)}`,
      FLYWAY_USER: user,
      ...(password === undefined ? {} : { FLYWAY_PASSWORD: password }),
      FLYWAY_LOCATIONS: `filesystem:${folder}`,
    },
  }),
}

/** Rows in their order; repairs (`DELETE`) and undos take back what came before them. */
function appliedRows(rows: readonly Row[], known: readonly Migration[]): Migration[] {
  const applied = new Map<string, Migration>()
  for (const { version, description, type, checksum, installed_on: at, success } of rows) {
    if (type === 'SCHEMA') continue
    const id = version === null ? `R__${description}` : plainVersion(version)
    applied.delete(id)
    if (type === 'DELETE' || type?.startsWith('UNDO_')) continue
    if (type === 'BASELINE') {
      for (const one of known)
        if (!one.repeatable && compareVersions(one.id, id) <= 0) applied.set(one.id, { id: one.id })
      if (!known.some((one) => one.id === id)) continue
    }
    applied.set(id, {
      id,
      label: version === null ? (description ?? '') : `V${version}__${description}`,
      ...(checksum === null ? {} : { checksum }),
      ...(at === null ? {} : { appliedAt: at }),
      ...(success === 'true' ? {} : { state: 'failed' as const }),
    })
  }
  return [...applied.values()]
}

async function describeFile(folder: string, file: string): Promise<Migration | null> {
  const [, kind, version = '', description = ''] = /^([VR])([0-9._]*)__(.+)\.sql$/.exec(file) ?? []
  if (kind === undefined || (kind === 'V') === (version === '')) return null
  const text = await readFile(path.join(folder, file), 'utf8')
  const words = description.replaceAll('_', ' ')
  return {
    id: kind === 'R' ? `R__${words}` : plainVersion(version),
    label: path.parse(file).name,
    checksum: lineChecksum(text),
    sourceHash: sqlHash(text),
    hasDown: false,
    ...(kind === 'R' ? { repeatable: true } : {}),
  }
}

/** A signed CRC-32 over the lines without their ends, nor a byte order mark. */
function lineChecksum(text: string): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  return String(lines.reduce((sum, line) => crc32(line, sum), 0) | 0)
}

/** `1_01.0` is `1.1`. */
function plainVersion(version: string): string {
  const parts = version.split(/[._]/).map((part) => String(BigInt(part || '0')))
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop()
  return parts.join('.')
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(BigInt), b.split('.').map(BigInt)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x = 0n, y = 0n] = [left[index], right[index]]
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}

/** Versions first, then what runs again, by its words. */
function inOrder(a: Migration, b: Migration): number {
  if (a.repeatable || b.repeatable) {
    return Number(a.repeatable ?? false) - Number(b.repeatable ?? false) || (a.id < b.id ? -1 : 1)
  }
  return compareVersions(a.id, b.id)
}
