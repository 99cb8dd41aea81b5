import type { Query } from '../../postgres/query.ts'
import type { DefinitionStep } from '../database/definitions/definition-steps.ts'
import { isLeftAlone } from './left-alone.ts'
import { type NeededRights, neededRights } from './needed-rights.ts'
import { type RoleRights, readRoleRights } from './role-rights.ts'

/** What a restore needs, what the role may do, and what it would leave as it is. Plain JSON. */
export interface RightsFacts {
  needed: NeededRights
  may: RoleRights
  /** In place: what stays as it is, by owner; '' where it has no owner. */
  leftAlone: { role: string; objects: number; first: string }[]
}

/** `control` is a session anywhere on the server, `inside` one in the database to be replaced. */
export async function readRights(
  steps: readonly DefinitionStep[],
  {
    control,
    inside,
    noOwner,
    serverMajor,
  }: { control: Query; inside: Query | null; noOwner: boolean; serverMajor: number },
): Promise<RightsFacts> {
  const needed = neededRights(steps, { noOwner })
  const may = await readRoleRights(control, inside, { needed, serverMajor })
  const [self] = await control<{ role: string }>('SELECT current_user::text AS role')
  const role = self?.role ?? ''
  const left = new Map<string, { role: string; objects: number; first: string }>()
  for (const step of steps) {
    if (quiet.has(step.kind) || !isLeftAlone(step, { role, may, noOwner })) continue
    const owner = step.owner ?? ''
    const known = left.get(owner)
    if (known) known.objects++
    else left.set(owner, { role: owner, objects: 1, first: step.name })
  }
  return { needed, may, leftAlone: [...left.values()] }
}

const quiet = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'TABLE DATA', 'SEQUENCE SET'])
