import { z } from 'zod'
import { route } from '../route.ts'
import { startedSchema } from '../schemas.ts'

const keySlotSchema = z
  .object({
    slot_id: z.string(),
    kind: z.string().describe('passphrase, raw_key, kms, age, or none where the repository is not encrypted.'),
    label: z.string(),
    created_at: z.iso.datetime(),
    opened_with: z.boolean().describe('Whether the engine opened the repository with this one.'),
  })
  .meta({ id: 'key_slot' })

const keys = route({
  method: 'GET',
  path: 'keys',
  permission: 'config:read',
  summary: 'The keys that open the repository: their kinds and names, never a secret.',
  answers: {
    status: 200,
    schema: z.object({ count: z.int(), results: z.array(keySlotSchema) }),
  },
  async handle({ engine }) {
    const slots = await engine.keys.list()
    const results = slots.map(({ slot, kind, label, created_at, opened_with }) => ({
      slot_id: slot,
      ...{ kind, label, created_at, opened_with },
    }))
    return { body: { count: results.length, results } }
  },
})

const test = route({
  method: 'POST',
  path: 'storage/test',
  permission: 'maintenance:run',
  audit: 'storage.test',
  summary: "Tries whether the repository's storage, or one the host listed, does all that a repository needs.",
  body: z.strictObject({
    url: z.string().min(1).max(2000).optional().describe('One of allowedStorageEndpoints, or below one.'),
  }),
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor, body: { url } }) => ({
    status: 202,
    body: await engine.operations.storage.test({
      ...(url === undefined ? {} : { location: url }),
      by: actor.id,
      trigger: 'api',
    }),
  }),
})

export const storageRoutes = [keys, test]
