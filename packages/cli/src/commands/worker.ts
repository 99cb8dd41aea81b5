import { once } from 'node:events'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'

export const workerCommand: CommandDefinition = {
  name: 'worker',
  description: 'Run the schedule and the jobs of a catalog until it is told to stop.',
  examples: [
    'lifeboat worker',
    'lifeboat worker --catalog postgresql://lifeboat@db/app_lifeboat --config ./lifeboat.config.ts',
  ],
  configure(command, signal) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal }, async ({ engine }) => {
        await engine.start()
        const { location } = await engine.repository.describe()
        process.stderr.write(`Working for ${engine.databases().join(', ')}, into ${location}. Ctrl-C ends.\n`)
        // A signal alone does not keep a process alive.
        const alive = setInterval(() => {}, 60_000)
        if (!signal.aborted) await once(signal, 'abort')
        clearInterval(alive)
      })
    })
  },
}
