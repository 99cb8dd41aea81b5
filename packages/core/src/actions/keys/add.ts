import { z } from 'zod'
import { keySlotSchema } from '../../catalog/records.ts'
import type { KeyOption } from '../../options/key-option.ts'
import { warnOfWeakKey } from '../../repository/keys/weak-passphrase.ts'
import { action } from '../action.ts'
import { secret } from '../inputs.ts'

const newKey = z.custom<KeyOption | { ageRecipients: readonly string[] }>(
  (value) => typeof value === 'object' && value !== null,
)

/** A key is never sent over HTTP: every proxy on the way could keep it. */
export const keyStaysHere = 'A key is not sent over HTTP: it is changed where the engine runs.'

export const addKey = action({
  name: 'keys.add',
  summary: 'Adds a second key that opens the repository.',
  permission: 'config:write',
  kind: 'change',
  subject: 'key',
  input: z.strictObject({
    key: secret(newKey.describe('A passphrase, a raw key, a KMS key, age identities, or age recipients.')),
    label: z.string().max(200).optional().describe('Name of the new slot, for people.'),
  }),
  result: keySlotSchema,
  command: { name: 'key add', examples: ['lifeboat key add --new-passphrase-file second --label "in the safe"'] },
  leftOut: { http: keyStaysHere, pages: keyStaysHere },
  run({ keys, report }, { key, label }) {
    warnOfWeakKey(key, report)
    return keys.add(key, { label })
  },
  facts: ({ input: { label = '' }, result }) => ({
    label,
    ...(result ? { slot: result.slot, kind: result.kind } : {}),
  }),
})
