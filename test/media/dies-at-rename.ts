/** A process that restores or undoes and dies right before its N-th rename below a folder. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { EngineOptions } from '../../packages/core/src/index.ts'

const { work, restore, options, root, at } = JSON.parse(process.argv[2] as string) as {
  work: 'restore' | 'undo' | 'restore media' | 'undo media'
  restore: string
  options: EngineOptions
  root: string
  at: number
}
let count = 0
const { rename } = fs.promises
fs.promises.rename = async (from, to) => {
  if (String(from).startsWith(root) && !String(from).includes('probe') && ++count === at)
    process.kill(process.pid, 'SIGKILL')
  return rename(from, to)
}
syncBuiltinESMExports()
const { createBackupEngine } = await import('../../packages/core/src/index.ts')
const engine = createBackupEngine(options)
const how = { confirm: true, safetyBackup: false } as const
if (work === 'restore') await engine.restores.run('1', { ...how, restoreMedia: true })
if (work === 'restore media') await engine.restores.run('1', { ...how, strategy: 'media' })
if (work === 'undo') await engine.restores.undo(restore)
if (work === 'undo media') await engine.restores.undoMedia({ restore })
await engine.stop()
process.stdout.write('done')
