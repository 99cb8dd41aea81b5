import { createHash } from 'node:crypto'
import { EngineError } from '../../errors.ts'
import type { PlanFacts } from './plan-facts.ts'

/** What a plan rests on, in parts: those that last. A new backup makes no plan stale. */
const parts = {
  repository: ({ repository }) => repository,
  copies: ({ copies }) => copies.map(({ message: _, ...copy }) => copy),
  keys: ({ keys }) => keys.map(({ slot, kind, label }) => ({ slot, kind, label })),
  databases: ({ databases }) =>
    databases.map(({ label, name, host, port, user }) => ({ label, name, host, port, user })),
  backups: ({ databases }) =>
    databases.map(({ last }) => ({ isThere: last !== null, postgres: last?.postgres_version.split('.')[0] })),
  media: ({ media }) => media,
  software: ({ version, application }) => ({ version, application }),
} satisfies Record<string, (facts: PlanFacts) => unknown>
type Part = keyof typeof parts

const changes: Readonly<Record<Part, string>> = {
  repository: 'The repository is another one, or lies elsewhere.',
  copies: 'The copies of the repository have changed.',
  keys: 'The keys that open the repository have changed.',
  databases: 'The databases, or their servers, have changed.',
  backups:
    'Databases without a backup have one now, or the other way round; or the major version of PostgreSQL has changed.',
  media: 'The media folders have changed.',
  software: 'The version of Lifeboat, or the name of the application, has changed.',
}

/** After so many days a plan on paper is looked at again, even where nothing has changed. */
const oldDays = 90
const digestLength = 12

/** One line that says when the plan was made and on what it rests. */
export function stampOf(facts: PlanFacts): string {
  const digests = Object.entries(digestsOf(facts)).map(([part, digest]) => `${part}=${digest}`)
  return ['lifeboat-recovery-plan/1', facts.madeAt, ...digests].join(' ')
}

export interface StaleReason {
  /** Which part has changed; `age`: the plan is old. */
  part: Part | 'age'
  message: string
}

/** What has changed since a plan with this stamp was made; empty: nothing. @throws EngineError `USAGE` */
export function staleReasons(stamp: string, facts: PlanFacts): StaleReason[] {
  const [, at = '', rest = ''] = /lifeboat-recovery-plan\/1 (\S{20,30}Z)((?: [a-z]+=[0-9a-f]{12})+)/.exec(stamp) ?? []
  const madeAt = Date.parse(at)
  if (Number.isNaN(madeAt))
    throw new EngineError('USAGE', 'This is no stamp of a recovery plan.', {
      advice: 'The last line of each plan begins with `lifeboat-recovery-plan/1`. Make a new plan: {recoveryPlan}.',
    })
  const before = new Map(
    rest
      .trim()
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  )
  const now = Object.entries(digestsOf(facts)) as [Part, string][]
  const days = Math.floor((Date.parse(facts.madeAt) - madeAt) / 86_400_000)
  const age: StaleReason[] =
    days > oldDays
      ? [{ part: 'age', message: `It is ${days} days old; after ${oldDays} days it is looked at again.` }]
      : []
  return [
    ...now.filter(([part, digest]) => before.get(part) !== digest).map(([part]) => ({ part, message: changes[part] })),
    ...age,
  ]
}

function digestsOf(facts: PlanFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).map(([part, of]) => [
      part,
      createHash('sha256')
        .update(JSON.stringify(of(facts)))
        .digest('hex')
        .slice(0, digestLength),
    ]),
  )
}
