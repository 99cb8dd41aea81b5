import { z } from 'zod'
import { keySlotSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { keyStaysHere } from './add.ts'

export const removeKey = action({
  name: 'keys.remove',
  summary: 'Removes a key: it opens nothing any more. The last one stays.',
  permission: 'config:write',
  kind: 'change',
  irreversible: true,
  subject: 'slot',
  input: z.strictObject({ slot: z.string().max(200).describe('The slot, its first characters, or its label.') }),
  result: keySlotSchema,
  command: { name: 'key remove', examples: ['lifeboat key remove "in the safe"'] },
  leftOut: { http: keyStaysHere, pages: keyStaysHere },
  run: ({ keys }, { slot }) => keys.remove(slot),
  facts: ({ input, result }) => ({ ...input, ...(result ? { slot: result.slot, label: result.label } : {}) }),
})
