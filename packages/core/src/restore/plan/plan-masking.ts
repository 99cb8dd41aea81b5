import { counted } from '../../counted.ts'
import { problemTexts } from '../../masking/mask-problems.ts'
import type { PlanNote, PlanRefusal, PlanStep } from './plan.ts'
import type { RestoreFacts } from './plan-facts.ts'

/** Why there can be no masked copy: a policy that leaves something open, or a target that is not new. Pure. */
export function maskingRefusals({ options, masking, media }: RestoreFacts): PlanRefusal[] {
  if (!options.masked || !masking) return []
  const refuse = (code: string, text: string): PlanRefusal => ({ code, text })
  if (masking.policy === null)
    return [
      refuse(
        'MASK_POLICY',
        'There is no masking policy: give the option `masking`. {masking.suggest} writes a first one.',
      ),
    ]
  return [
    ...(options.strategy === 'new-database' || options.target !== undefined
      ? []
      : [
          refuse(
            'MASK_TARGET',
            'A masked copy is made into a new database, never over one that is there: {strategy} "new-database".',
          ),
        ]),
    ...(media.length > 0 && masking.media === 'leave-out'
      ? [
          refuse(
            'MASK_MEDIA',
            'The masking policy leaves media out. Say `media: "keep"` in it if files are to be in the copy as they are.',
          ),
        ]
      : []),
    ...problemTexts(masking.problems).map((text, at) =>
      refuse(
        at === 0 && masking.problems.some(({ code }) => code === 'MASK_UNCLASSIFIED')
          ? 'MASK_UNCLASSIFIED'
          : 'MASK_POLICY',
        text,
      ),
    ),
  ]
}

/** What a policy names and the backup does not have is no danger: it was dropped, or misspelled. */
export function maskingWarnings({ masking }: RestoreFacts): PlanNote[] {
  if (!masking || masking.unknown.length === 0) return []
  const some = masking.unknown.slice(0, 8).join(', ')
  return [{ code: 'MASK_UNKNOWN', text: `The masking policy names what the backup does not have: ${some}.` }]
}

export function maskStep({ masking }: RestoreFacts): PlanStep | undefined {
  if (!masking) return undefined
  const { tables, columns, problems } = masking
  const policy = masking.policy?.slice(0, 12) ?? 'none'
  // What is not named is neither masked nor copied: figures would mislead.
  if (problems.length > 0) return { id: 'mask', text: `Mask columns on their way (policy ${policy}).` }
  const text = `Mask ${counted(columns, 'column')} of ${counted(tables.masked, 'table')} on their way (policy ${policy}); ${counted(tables.empty, 'table stays', 'tables stay')} empty, ${counted(tables.kept, 'table is', 'tables are')} copied as they are.`
  return { id: 'mask', text }
}

/** Which tables get some of their rows, and why. */
export function subsetStep({ masking }: RestoreFacts): PlanStep | undefined {
  const { subset, problems } = masking ?? {}
  if (!subset || (problems ?? []).length > 0) return undefined
  const { start, child, needed, whole, empty } = subset
  const parts = [
    `of ${start.join(', ')} those that the policy begins with`,
    ...(child.length > 0 ? [`of ${child.join(', ')} those that refer to them`] : []),
    ...(needed.length > 0 ? [`of ${needed.join(', ')} those that these need`] : []),
  ]
  const others = `${counted(whole.length, 'table is', 'tables are')} copied whole, ${counted(empty.length, 'table stays', 'tables stay')} empty`
  return { id: 'subset', text: `Keep some rows: ${parts.join('; ')}. ${others}.` }
}

export function proveStep({ masking }: RestoreFacts): PlanStep | undefined {
  if (!masking) return undefined
  return {
    id: 'prove-masked',
    text: 'Search the copy for values that were masked; with one found, the copy is dropped.',
  }
}
