import type { BackupEngine } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, type Session, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

type CopyOptions = CommonOptions & { newer?: boolean; status?: boolean }
type Copied = Awaited<ReturnType<BackupEngine['copies']['copyTo']>>

export const copyCommand: CommandDefinition = {
  name: 'copy',
  description: 'Bring a second storage up to date: every backup that is not there yet, as it is, sealed.',
  examples: [
    'lifeboat copy s3://second-bucket/app?region=eu-west-1',
    'lifeboat copy /mnt/nas/backups --newer',
    'lifeboat copy offsite',
    'lifeboat copy --status',
    'lifeboat list --repository /mnt/nas/backups',
  ],
  configure(command, signal) {
    command
      .argument('[place]', 'name of a configured copy, or path or URL of a storage (default: every configured copy)')
      .option('--newer', 'only what is newer than the newest backup there: for a copy that keeps less')
      .option('--status', 'only say how far the configured copies are')
      .action(async (place: string | undefined, options: CopyOptions) => {
        await withSession(options, { signal }, async (session) => {
          if (options.status) await showStates(session, options)
          else if (place === undefined || session.engine.copies.names().includes(place))
            await updateCopies(session, options, place)
          else {
            const { engine, running, finish } = session
            const result = await engine.copies.copyTo(place, { ...running, onlyNewer: options.newer })
            await finish()
            writeResult(options, { copy: result }, said(result))
          }
        })
      })
  },
}

/** Every copy has its turn, also where one before it failed. */
async function updateCopies({ engine, running, finish }: Session, options: CopyOptions, name: string | undefined) {
  const names = name === undefined ? engine.copies.names() : [name]
  const done: unknown[] = []
  const lines: string[] = []
  const failures: unknown[] = []
  for (const one of names) {
    try {
      const result = await engine.copies.update(one, { ...running, create: true })
      done.push(result)
      const letGo = result.forgotten.length > 0 ? ` ${formatCount(result.forgotten.length)} let go.` : ''
      lines.push(`${one}: ${said(result)}${letGo}`)
    } catch (error) {
      failures.push(error)
      lines.push(`${one}: ${plainText(error instanceof Error ? error.message : String(error))}`)
    }
  }
  await finish()
  if (failures.length > 0) {
    if (names.length > 1) process.stderr.write(`${lines.join('\n')}\n`)
    throw failures[0]
  }
  if (names.length === 0) lines.push('No copies are configured. Give a place, or the option `copies`.')
  writeResult(options, { copies: done }, lines.join('\n'))
}

async function showStates({ engine, running, finish }: Session, options: CopyOptions) {
  const states = await engine.copies.states({ signal: running.signal, fresh: true })
  await finish()
  const lines = states.map(
    ({ level, message, location }) => `${level === 'ok' ? '✓' : '!'} ${plainText(message)}  ${plainText(location)}`,
  )
  writeResult(options, { copies: states }, lines.join('\n') || 'No copies are configured.')
  if (states.some(({ level }) => level !== 'ok')) process.exitCode = 1
}

function said({ copied, packs, bytes, present }: Copied): string {
  return `${formatCounted(copied.length, 'backup')} copied (${formatCounted(packs, 'pack')}, ${formatBytes(bytes)}), ${formatCount(present)} were there.`
}
