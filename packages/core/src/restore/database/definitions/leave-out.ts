import { nearestName } from '../../../nearest-name.ts'
import { qualifiedName } from '../../../postgres/identifiers.ts'
import type { RestoreOptions } from '../../options.ts'
import type { DefinitionStep } from './definition-steps.ts'
import { inlineChecks, objectNames } from './object-names.ts'

/** What is asked for by name, as plans and restores take it. */
export type NamedChoices = Pick<RestoreOptions, 'leaveOut' | 'notValid' | 'unpopulated'>

/** What became of those names. Plain JSON. */
export interface ChosenObjects {
  /** What is left out: the objects named, and those that need them. */
  leftOut: { name: string; neededBy: string[] }[]
  /** Names that mean nothing in the backup, by option, with the nearest that would. */
  unknown: { option: keyof NamedChoices; name: string; nearest: string | null }[]
}

export function choosesByName({ leaveOut, notValid, unpopulated }: NamedChoices): boolean {
  return [leaveOut, notValid, unpopulated].some((names) => (names?.length ?? 0) > 0)
}

/** The ids of steps that go with the names, and with each of them those that cannot be without it. Pure. */
export function leftOutSteps(steps: readonly DefinitionStep[], names: readonly string[]): Map<string, Set<number>> {
  const dependents = new Map<number, number[]>()
  for (const { id, dependsOn } of steps)
    for (const other of dependsOn) dependents.set(other, [...(dependents.get(other) ?? []), id])
  const byName = stepsByName(steps)
  const found = new Map<string, Set<number>>()
  for (const name of names) {
    const ids = new Set<number>()
    const open = [...(byName.get(name) ?? [])]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (ids.has(id)) continue
      ids.add(id)
      open.push(...(dependents.get(id) ?? []))
    }
    if (ids.size > 0) found.set(name, ids)
  }
  return found
}

/** The tables and sequences that steps make. Pure. */
export function relationsOf(steps: readonly DefinitionStep[]): (relation: { schema: string; name: string }) => boolean {
  const names = new Set(
    steps
      .filter(({ kind }) => kind === 'TABLE' || kind === 'SEQUENCE')
      .map(({ schema, tag }) => qualifiedName({ schema: schema ?? '', name: tag })),
  )
  return (relation) => names.has(qualifiedName(relation))
}

/** The same of what goes with names that are left out. Pure. */
export function leftOutRelations(
  steps: readonly DefinitionStep[],
  names: readonly string[],
): (relation: { schema: string; name: string }) => boolean {
  const ids = new Set([...leftOutSteps(steps, names).values()].flatMap((found) => [...found]))
  return relationsOf(steps.filter(({ id }) => ids.has(id)))
}

/** What the options mean in this backup. Pure. */
export function chooseObjects(steps: readonly DefinitionStep[], choices: NamedChoices): ChosenObjects {
  const { leaveOut = [], notValid = [], unpopulated = [] } = choices
  const byId = new Map(steps.map((step) => [step.id, step]))
  const found = leftOutSteps(steps, leaveOut)
  const named = stepsByName(steps)
  const known = {
    // A word for all of a kind is right where there is none of it, too.
    leaveOut: () => [...named.keys(), ...Object.values(classes)],
    notValid: () => steps.flatMap((step) => (constraintKinds.has(step.kind) ? objectNames(step) : inlineChecks(step))),
    unpopulated: () => steps.flatMap((step) => (step.kind === 'MATERIALIZED VIEW' ? objectNames(step) : [])),
  }
  const unknown = (['leaveOut', 'notValid', 'unpopulated'] as const).flatMap((option) => {
    const names = { leaveOut, notValid, unpopulated }[option]
    if (names.length === 0) return []
    const all = new Set(known[option]())
    return names
      .filter((name) => !all.has(name))
      .map((name) => ({ option, name, nearest: nearestName(name, all) ?? null }))
  })
  const leftOut = [...found].map(([name, ids]) => {
    const own = new Set(named.get(name))
    const others = [...ids].filter((id) => !own.has(id)).map((id) => byId.get(id)!)
    return { name, neededBy: others.filter(({ kind }) => !silent.has(kind)).map((step) => step.name) }
  })
  return { leftOut, unknown }
}

/** What goes with an object without saying. */
const silent = new Set(['TABLE DATA', 'ACL', 'COMMENT', 'SECURITY LABEL', 'SEQUENCE SET', 'MATERIALIZED VIEW DATA'])
const constraintKinds = new Set(['FK CONSTRAINT', 'CHECK CONSTRAINT'])

function stepsByName(steps: readonly DefinitionStep[]): Map<string, number[]> {
  const byName = new Map<string, number[]>()
  for (const step of steps)
    for (const name of [...objectNames(step), ...classNames(step)])
      byName.set(name, [...(byName.get(name) ?? []), step.id])
  return byName
}

/** Words for all of a kind. */
const classes: Readonly<Record<string, string>> = {
  EXTENSION: 'extensions',
  PUBLICATION: 'publications',
  'EVENT TRIGGER': 'event-triggers',
  'DEFAULT ACL': 'default-privileges',
  COMMENT: 'comments',
}

function classNames({ kind, owner }: DefinitionStep): string[] {
  const word = Object.hasOwn(classes, kind) ? classes[kind] : undefined
  const ofRole = kind === 'DEFAULT ACL' && owner !== null ? [`DEFAULT PRIVILEGES FOR ROLE ${owner}`] : []
  return word === undefined ? ofRole : [word, ...ofRole]
}
