import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'
import type { MaskingPolicy } from './policy.ts'
import type { MaskProblem } from './resolve-policy.ts'

const shown = 8

/** The policy, where there is one. */
export function requirePolicy(policy: MaskingPolicy | undefined): MaskingPolicy {
  if (policy) return policy
  throw new EngineError('MASK_REFUSED', 'There is no masking policy.', {
    advice: 'Give the option `masking`. {masking.suggest} writes a first one from a backup.',
  })
}

/** Names what stands in the way; of many columns the first ones. */
export function maskRefusal(problems: readonly MaskProblem[]): EngineError {
  return new EngineError('MASK_REFUSED', problemTexts(problems).join(' '), { detail: { problems } })
}

/** A sentence for each; those that are only not named are told together. */
export function problemTexts(problems: readonly MaskProblem[]): string[] {
  const unclassified = problems.filter(({ code }) => code === 'MASK_UNCLASSIFIED')
  const places = [...new Set(unclassified.map(({ place }) => place))]
  const more = places.length > shown ? ` and ${places.length - shown} more` : ''
  const together =
    places.length === 0
      ? []
      : [
          `The masking policy does not name ${counted(places.length, 'table or column', 'tables or columns')}: ${places.slice(0, shown).join(', ')}${more}.`,
        ]
  return [...together, ...problems.filter(({ code }) => code !== 'MASK_UNCLASSIFIED').map(({ text }) => text)]
}
