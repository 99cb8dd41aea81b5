import { z } from 'zod'
import { readDownStep } from '../../backup/record-down-steps.ts'
import { downStepSettings } from '../../engine/parts.ts'
import { keyId, readPrivateKey, type SignedStep, signStep } from '../../migrations/down-steps/down-step.ts'
import { action } from '../action.ts'
import { secret } from '../inputs.ts'

const keyIsElsewhere = 'The private key must not be where the application runs: a pipeline signs with it.'

export const signSteps = action({
  name: 'migrations.signSteps',
  summary: 'Signs the SQL down steps of the code with an Ed25519 key, for the file that `downSteps.signatures` names.',
  permission: 'config:write',
  kind: 'read',
  input: z.strictObject({
    privateKey: secret(z.string().max(10_000).describe('The Ed25519 key as PEM.')),
  }),
  result: z
    .object({
      application: z.string().describe('Name of the application, which is part of what is signed.'),
      key: z.string().describe('Id of the key: SHA-256 of its public part.'),
      signatures: z.array(
        z.object({
          ...{ inspector: z.string(), id: z.string(), sha256: z.string(), key: z.string(), signature: z.string() },
        }),
      ),
      without: z.array(z.string()).describe('Migrations that have no down step in SQL.'),
    })
    .meta({ id: 'signed_steps' }),
  command: { name: 'sign-steps', examples: ['lifeboat sign-steps --private-key-file release.pem > down-steps.json'] },
  leftOut: { http: keyIsElsewhere, pages: keyIsElsewhere },
  async run({ parts }, { privateKey }) {
    const key = readPrivateKey(privateKey)
    const settings = downStepSettings(parts.settings)
    const application = await parts.applicationName()
    const signatures: SignedStep[] = []
    const without: string[] = []
    for (const inspector of parts.settings.migrations) {
      const left: string[] = []
      for (const { id } of await inspector.known()) {
        const sql = await readDownStep(inspector, id, settings)
        if (sql === null) without.push(id)
        else signatures.push(signStep({ inspector: inspector.name, id, sql }, { application, left }, key))
        left.push(id)
      }
    }
    return { application, key: keyId(key), signatures, without }
  },
})
