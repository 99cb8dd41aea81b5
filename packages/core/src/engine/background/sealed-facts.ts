import { sameActions } from '../../actions/danger.ts'
import type { Fact } from '../../actions/facts.ts'
import type { Json } from '../../catalog/catalog.ts'
import { forgetSealedFact, listSealedFacts, sealFact } from '../../repository/documents/sealed-facts.ts'
import { appendLaterFact } from './audit-log.ts'
import type { Background, EngineCore } from './core.ts'

/** Keeps a fact in the repository, where no catalog is there to record it. */
export async function sealInRepository({ parts }: Pick<EngineCore, 'parts'>, fact: Fact): Promise<void> {
  await sealFact(await parts.repository(), fact.at, { ...fact })
}

/**
 * Takes facts that were sealed into the repository into the catalog: audit and history of restores. Each leaves the
 * repository once it is in. Gives their number.
 */
export async function takeInFacts(
  { catalog }: Pick<Background, 'catalog'>,
  { parts }: Pick<EngineCore, 'parts'>,
): Promise<number> {
  const repository = await parts.repository()
  const sealed = await listSealedFacts(repository)
  for (const { name, fact } of sealed) {
    const known = fact as unknown as Fact
    const more = { taken_in_at: new Date().toISOString() }
    const { origin: ownOrigin } = known.facts
    const origin = typeof ownOrigin === 'string' ? ownOrigin : name
    await appendLaterFact(catalog, known, { key: repository.keys.audit, origin, more })
    if (known.action === 'restores.run' && known.type === 'finished') await takeInRestore(catalog, known)
    if (sameActions('restores.undo').includes(known.action) && known.outcome === 'succeeded')
      await takeInUndo(catalog, known)
    await forgetSealedFact(repository, name)
  }
  return sealed.length
}

/** Which of both was live after an undo is known from it alone, once what was kept is gone. */
async function takeInUndo({ restores }: Background['catalog'], { subject, facts }: Fact): Promise<void> {
  const record = subject === null ? null : await restores.get(subject)
  if (record && typeof facts.undone === 'boolean') await restores.put({ ...record, undone: facts.undone })
}

const ranOnRestored = ['migrations', 'data_migrations', 'validators']

/** A restore that no catalog saw. */
async function takeInRestore({ restores }: Background['catalog'], fact: Fact): Promise<void> {
  const { subject, facts } = fact
  if (subject === null || (await restores.get(subject))) return
  const text = (name: string) => (typeof facts[name] === 'string' ? (facts[name] as string) : null)
  const succeeded = fact.outcome === 'succeeded'
  await restores.put({
    id: subject,
    backup_id: text('backup') ?? '',
    database: text('label') ?? 'default',
    strategy: text('strategy') ?? 'swap',
    status: succeeded ? (text('status') ?? 'succeeded') : fact.outcome === 'refused' ? 'failed' : fact.outcome,
    verdict: null,
    safety_backup_id: text('safety_backup_id'),
    kept_database: text('kept_database'),
    undo_until: text('undo_until'),
    started_at: fact.at,
    finished_at: fact.at,
    rows: typeof facts.rows === 'number' ? facts.rows : null,
    error: fact.error as Json | null,
    job_id: null,
    created_by: fact.actor,
    plan: text('database') === null ? null : { database: text('database') },
    swapped: succeeded,
    undone: false,
    problems: [],
    ran: Object.fromEntries(ranOnRestored.flatMap((name) => (Array.isArray(facts[name]) ? [[name, facts[name]]] : []))),
  })
}
