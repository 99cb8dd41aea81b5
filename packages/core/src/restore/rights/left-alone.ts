import type { DefinitionStep } from '../database/definitions/definition-steps.ts'
import { specialNeed } from './needed-rights.ts'
import type { RoleRights } from './role-rights.ts'

/**
 * Whether an in-place restore leaves what a step is about as it is in the database, because our role could not have
 * dropped it and cannot make it again: objects of roles that it cannot act for, extensions that exist and are not its
 * own, event triggers, and whatever only a superuser creates. Pure.
 */
export function isLeftAlone(
  step: DefinitionStep,
  { role, may, noOwner }: { role: string; may: RoleRights; noOwner: boolean },
): boolean {
  if (may.superuser) return false
  const { kind, tag, owner } = step
  const need = specialNeed(step)
  if (need?.kind === 'extension') return may.present.includes(need.name) && !may.creates.includes(need.name)
  if (need && need.kind !== 'default-privileges') return true
  if (annotations.has(kind)) {
    const extension = /^EXTENSION "?(.*?)"?$/.exec(tag)?.[1]
    if (extension !== undefined) return may.present.includes(extension) && !may.creates.includes(extension)
    if (/^(EVENT TRIGGER|FOREIGN DATA WRAPPER|LANGUAGE|PUBLICATION|SUBSCRIPTION) /.test(tag) && owner === null)
      return true
  }
  if (noOwner && kind !== 'DEFAULT ACL') return false
  return owner !== null && owner !== role && !may.becomes.includes(owner)
}

const annotations = new Set(['ACL', 'COMMENT', 'SECURITY LABEL'])
