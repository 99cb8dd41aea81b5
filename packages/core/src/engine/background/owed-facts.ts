import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type Fact, factOutcomes } from '../../actions/facts.ts'

const factSchema = z.object({
  ...{ type: z.enum(['started', 'finished']), at: z.iso.datetime(), action: z.string().max(200) },
  ...{ subject: z.string().max(500).nullable(), actor: z.string().max(500), address: z.string().max(200).nullable() },
  ...{ face: z.enum(['library', 'http', 'command', 'scheduler']), outcome: z.enum(factOutcomes) },
  ...{ task_id: z.string().max(200).nullable(), facts: z.record(z.string(), z.unknown()) },
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
})

/** What an emergency did without a record, until it can be recorded: in this process, and in a folder where it ends before. */
export interface OwedFacts {
  add(fact: Fact): void
  /** Records what is owed, of earlier processes too, oldest first. What cannot be is kept. */
  pay(record: (fact: Fact) => Promise<boolean>): Promise<void>
  /** Leaves what is owed to the next process in the same folder. */
  leave(): Promise<void>
}

export function createOwedFacts(folder = resolve('.lifeboat', 'unrecorded')): OwedFacts {
  let owed: Fact[] = []
  let isRead = false
  let paying = false

  /** Each file is one process's: it is renamed before it is read. */
  const takeLeft = async (): Promise<void> => {
    if (isRead) return
    isRead = true
    if (!existsSync(folder)) return
    for (const name of (await readdir(folder)).filter((one) => one.endsWith('.json')).toSorted()) {
      const mine = join(folder, `${name}.${process.pid}`)
      const isMine = await rename(join(folder, name), mine).then(
        () => true,
        () => false,
      )
      if (!isMine) continue
      const found = factSchema.safeParse(parsed(await readFile(mine, 'utf8')))
      if (found.success) owed.push(found.data)
      else process.emitWarning(`${join(folder, name)} is no fact that could be recorded. It is left as ${mine}.`)
      if (found.success) await rm(mine, { force: true })
    }
  }

  return {
    add: (fact) => void owed.push(fact),
    async pay(record) {
      if (paying) return
      paying = true
      try {
        await takeLeft().catch(() => {})
        const left: Fact[] = []
        for (const fact of owed.splice(0)) if (!(await record(fact))) left.push(fact)
        owed = [...left, ...owed]
      } finally {
        paying = false
      }
    },
    async leave() {
      for (const fact of owed.splice(0)) {
        const text = JSON.stringify(fact)
        const name = `${fact.at.replace(/\D/g, '')}-${randomBytes(4).toString('hex')}.json`
        try {
          await mkdir(folder, { recursive: true, mode: 0o700 })
          await writeFile(join(folder, name), text, { mode: 0o600, flag: 'wx' })
        } catch {
          process.emitWarning(`Keep this: it could be recorded nowhere. ${text}`)
        }
      }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
