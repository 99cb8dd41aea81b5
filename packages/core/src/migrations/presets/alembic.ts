import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { listFolder, sha256 } from '../files.ts'
import type { Migration } from '../inspector.ts'
import { readLedgerRows } from '../ledger-rows.ts'
import type { Preset } from './preset.ts'

/** Alembic: a row per head; what is applied follows from the revisions' own graph, read from their files. */
export const alembic: Preset = {
  table: 'alembic_version',
  order: 'any',
  shape: 'pointer',
  folder: 'alembic/versions',
  async applied(query, ledger) {
    const rows = await readLedgerRows(query, ledger, { columns: ['version_num'], order: ['version_num'] })
    return (rows ?? []).map((row) => ({ id: row.version_num ?? '' }))
  },
  known: async (folder) => {
    const files = (await listFolder(folder)).filter((file) => file.endsWith('.py')).sort()
    const found = await Promise.all(files.map((file) => readRevision(path.join(folder, file))))
    return inOrder(found.filter((revision) => revision !== null))
  },
  // Its URL comes from alembic.ini or env.py: the project has to read DATABASE_URL there.
  command: () => ({ file: 'alembic', args: ['upgrade', 'heads'] }),
}

async function readRevision(file: string): Promise<Migration | null> {
  const text = await readFile(file, 'utf8')
  const id = /^revision\s*(?::[^=\n]*)?=\s*['"]([^'"]+)['"]/m.exec(text)?.[1]
  if (id === undefined) return null
  const down = /^down_revision\s*(?::[^=\n]*)?=\s*(None|['"][^'"]+['"]|[([][^)\]]*[)\]])/m.exec(text)?.[1] ?? 'None'
  const parents = [...down.matchAll(/['"]([^'"]+)['"]/g)].map(([, parent = '']) => parent)
  const { name: label } = path.parse(file)
  return {
    id,
    label,
    parents,
    sourceHash: sha256(text),
    hasDown: !/^def downgrade\(.*\n(?:\s+\S.*\n)*?\s+raise /m.test(text),
  }
}

/** Each after its parents. What is part of a circle, which Alembic refuses, comes last. */
function inOrder(revisions: Migration[]): Migration[] {
  const placed = new Set<string>()
  const ordered: Migration[] = []
  let waiting = revisions
  while (waiting.length > 0) {
    const known = new Set(waiting.map(({ id }) => id))
    const ready = waiting.filter(({ parents = [] }) => parents.every((id) => placed.has(id) || !known.has(id)))
    if (ready.length === 0) return [...ordered, ...waiting]
    for (const revision of ready) placed.add(revision.id)
    ordered.push(...ready)
    waiting = waiting.filter((revision) => !placed.has(revision.id))
  }
  return ordered
}
