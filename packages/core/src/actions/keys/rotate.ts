import { z } from 'zod'
import { keySlotSchema } from '../../catalog/records.ts'
import type { KeyOption } from '../../options/key-option.ts'
import { warnOfWeakKey } from '../../repository/keys/weak-passphrase.ts'
import { action } from '../action.ts'
import { secret } from '../inputs.ts'
import { keyStaysHere } from './add.ts'

export const rotateKey = action({
  name: 'keys.rotate',
  summary: 'Puts a new key in the place of the one in use, which opens nothing any more.',
  permission: 'config:write',
  kind: 'change',
  irreversible: true,
  subject: 'key',
  input: z.strictObject({
    key: secret(z.custom<KeyOption>((value) => typeof value === 'object' && value !== null).describe('The new key.')),
    label: z.string().max(200).optional().describe('Name of the new slot, for people.'),
  }),
  result: z.object({ added: keySlotSchema.nullable(), removed: z.array(z.string()) }),
  command: { name: 'key rotate', examples: ['lifeboat key rotate --new-passphrase-file next'] },
  leftOut: { http: keyStaysHere, pages: keyStaysHere },
  run({ keys, report }, { key, label }) {
    warnOfWeakKey(key, report)
    return keys.rotate(key, { label })
  },
  facts: ({ input: { label = '' }, result }) => ({
    label,
    ...(result ? { added: result.added?.slot ?? null, removed: result.removed } : {}),
  }),
})
