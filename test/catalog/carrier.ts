import { setTimeout as delay } from 'node:timers/promises'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openSession } from '../../packages/core/src/postgres/session.ts'
import { type CarryStep, carryingCatalogs } from '../../packages/core/src/restore/database/carry-catalogs.ts'
import { swapDatabases } from '../../packages/core/src/restore/database/swap.ts'

export interface CarrierRun {
  /** URL of any other database of the server. */
  url: string
  live: string
  incoming: string
  kept: string
  onStep?: (step: CarryStep, backendPid: number) => Promise<void> | void
  beforeRename?: () => Promise<void>
}

/** The last part of a restore: the catalogs taken along, and the swap. */
export async function carryAndSwap({ url, live, incoming, kept, onStep, beforeRename }: CarrierRun): Promise<void> {
  const parameters = resolveConnection(url)
  const renamer = await openSession(parameters, { application: 'restore swap' })
  const terminator = await openSession(parameters, { application: 'restore swap' })
  try {
    await carryingCatalogs(
      {
        parameters,
        live,
        incoming,
        renamer: renamer.query,
        terminator: terminator.query,
        onStep: (step) => onStep?.(step, renamer.backendPid),
      },
      async () => {
        await beforeRename?.()
        await swapDatabases({
          control: renamer.query,
          terminator: terminator.query,
          ownBackends: [renamer.backendPid, terminator.backendPid],
          name: live,
          replaced: { keptName: kept, comment: 'kept' },
          incoming: { name: incoming, comment: null, connectionLimit: -1 },
        })
      },
    )
  } finally {
    await Promise.all([renamer.close(), terminator.close()])
  }
}

// As a process of its own: says which step it has come to, and stays at the one asked for.
if (process.argv[2] === 'carry') {
  const given = JSON.parse(process.argv[3] ?? '{}') as Omit<CarrierRun, 'onStep'> & { stopAt: string | null }
  await carryAndSwap({
    ...given,
    async onStep(step) {
      process.stdout.write(`${step}\n`)
      if (step === given.stopAt) await delay(600_000)
    },
  })
  process.stdout.write('done\n')
}
