import { readFile } from 'node:fs/promises'
import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'

export const signStepsCommand: CommandDefinition = {
  name: 'sign-steps',
  description: 'Sign the SQL down steps of this checkout; the signatures are the output.',
  examples: ['lifeboat sign-steps --private-key-file release.pem > down-steps.json'],
  action: 'migrations.signSteps',
  own: ['privateKey'],
  configure(command, signal) {
    command
      .requiredOption(
        '--private-key-file <file>',
        'an Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` writes it',
      )
      .action(async (flags: CommonOptions & { privateKeyFile: string }) => {
        const privateKey = await readFile(flags.privateKeyFile, 'utf8').catch((cause: unknown) => {
          throw new EngineError('USAGE', `The file ${flags.privateKeyFile} cannot be read.`, { cause })
        })
        await withSession(flags, { signal }, async ({ engine, finish }) => {
          const signed = await engine.migrations.signSteps({ privateKey })
          await finish()
          process.stdout.write(`${JSON.stringify(signed, null, 2)}\n`)
          process.stderr.write(`${signed.signatures.length} signed by key ${signed.key.slice(0, 12)}.\n`)
        })
      })
  },
}
