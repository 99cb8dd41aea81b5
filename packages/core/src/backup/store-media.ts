import { log, type Reporter } from '../events.ts'
import type { MediaRecord } from '../repository/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { openMediaSource } from './media-source.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Stores media folders, each as one tar stream, and tells what could not be read. */
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
      if (reading.problems.length > 0)
        log(
          run.report,
          'warning',
          `Media "${folder.name}": ${reading.problems.length} files were not read as they are.`,
          {
            media: folder.name,
            problems: reading.problems.slice(0, 100),
          },
        )
      return { ...folder, ...reading, tar: await run.writer.toStreamRef(stream) }
    }),
  )
}
