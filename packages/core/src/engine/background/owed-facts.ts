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

/**
 * What an emergency did without a record, until it can be recorded. Each fact lies in a file from the first moment, so that
 * the next process in the same folder records it where this one is killed.
 */
export interface OwedFacts {
  add(fact: Fact): Promise<void>
  /**
   * Records what is owed, of earlier processes too, oldest first. What cannot be is kept. `origin` is the same where one is
   * recorded again, because the process died before its file was gone.
   */
  pay(record: (fact: Fact, origin: string) => Promise<boolean>): Promise<void>
  /** Leaves what is owed to the next process in the same folder. */
  leave(): Promise<void>
}

interface Owed {
  fact: Fact
  origin: string
  /** `<name>.json.<pid>` while a process has it; null where it could not be written. */
  file: string | null
}

/** Files of this process, whichever engine of it they are of: process ids come again. */
const ours = new Set<string>()

export function createOwedFacts(folder = resolve('.lifeboat', 'unrecorded')): OwedFacts {
  let owed: Owed[] = []
  let isRead = false
  let paying = false

  /** Each file is one process's: it is renamed before it is read. */
  const takeLeft = async (): Promise<void> => {
    if (isRead) return
    isRead = true
    if (!existsSync(folder)) return
    for (const name of (await readdir(folder)).toSorted()) {
      const [, base, holder] = /^(.+\.json)(?:\.(\d+))?$/.exec(name) ?? []
      if (base === undefined || ours.has(join(folder, name)) || (holder !== undefined && isAlive(Number(holder))))
        continue
      const file = join(folder, `${base}.${process.pid}`)
      ours.add(file)
      const isMine = await rename(join(folder, name), file).then(
        () => true,
        () => false,
      )
      if (!isMine) continue
      const found = factSchema.safeParse(parsed(await readFile(file, 'utf8')))
      if (found.success) owed.push({ fact: found.data, origin: originOf(base), file })
      else process.emitWarning(`${join(folder, name)} is no fact that could be recorded. It is left as ${file}.`)
    }
  }

  const write = async ({ fact, origin }: Pick<Owed, 'fact' | 'origin'>): Promise<string | null> => {
    const file = join(folder, `${origin.slice(originOf('').length)}.${process.pid}`)
    ours.add(file)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(file, JSON.stringify(fact), { mode: 0o600, flag: 'wx', flush: true })
      return file
    } catch {
      await rm(file, { force: true }).catch(() => {})
      return null
    }
  }

  return {
    async add(fact) {
      const name = `${fact.at.replace(/\D/g, '')}-${randomBytes(8).toString('hex')}.json`
      const one: Owed = { fact, origin: originOf(name), file: null }
      owed.push(one)
      one.file = await write(one)
    },
    async pay(record) {
      if (paying) return
      paying = true
      try {
        await takeLeft().catch(() => {})
        const left: Owed[] = []
        for (const one of owed.splice(0)) {
          if (!(await record(one.fact, one.origin))) left.push(one)
          else if (one.file !== null) await rm(one.file, { force: true }).catch(() => {})
        }
        owed = [...left, ...owed]
      } finally {
        paying = false
      }
    },
    async leave() {
      for (const { fact, origin, file } of owed.splice(0)) {
        const left = file ?? (await write({ fact, origin }))
        if (left !== null) await rename(left, left.slice(0, left.lastIndexOf('.'))).catch(() => {})
        else process.emitWarning(`Keep this: it could be recorded nowhere. ${JSON.stringify(fact)}`)
      }
    },
  }
}

/** What an event says of where it lay. */
const originOf = (name: string): string => `unrecorded/${name}`

/** Whether a process of this id runs that is not this one: files of this one are known. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
