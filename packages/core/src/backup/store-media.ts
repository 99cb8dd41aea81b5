import { counted } from '../counted.ts'
import { log, type Reporter } from '../events.ts'
import type { MediaRecord } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { MediaReading } from './media-reading.ts'
import { openMediaSource } from './media-source.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Stores media folders, each as one tar stream, and says what could not be read. */
export async function storeMedia(
  folders: readonly { name: string; path: string }[],
  run: { pool: WorkerPool; writer: RepositoryWriter; signal?: AbortSignal; report?: Reporter },
): Promise<MediaRecord[]> {
  return Promise.all(
    folders.map(async (folder) => {
      const { value: reading, stream } = await run.pool.feed(async (write) => {
        const source = openMediaSource(folder, run.signal)
        for await (const block of source.blocks) await write(block)
        return source.reading
      })
      logReading(folder.name, reading, run.report)
      return { ...folder, ...reading, tar: await run.writer.toStreamRef(stream) }
    }),
  )
}

function logReading(name: string, { lost, changed, skipped, problems }: MediaReading, report?: Reporter): void {
  const facts = { media: name, problems: problems.slice(0, 100) }
  const told = [
    lost > 0 && `${counted(lost, 'file')} could not be read and ${lost === 1 ? 'is' : 'are'} not in the backup`,
    changed > 0 && `${counted(changed, 'file')} changed while ${changed === 1 ? 'it was' : 'they were'} read`,
  ].filter((one) => one !== false)
  if (told.length > 0) log(report, 'warning', `Media "${name}": ${told.join('; ')}.`, facts)
  if (skipped > 0)
    log(
      report,
      'info',
      `Media "${name}": ${counted(skipped, 'link or special file', 'links or special files')} left out.`,
      facts,
    )
}
