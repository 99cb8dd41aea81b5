import { Readable } from 'node:stream'
import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import type { BackupDetails } from '../../engine/engine-type.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { local } from '../inputs.ts'

/** A stream that was handed over. What a catalog keeps of the job leaves it out: another process has not got it. */
class HandedStream {
  readonly stream: Readable
  constructor(stream: Readable) {
    this.stream = stream
  }
  toJSON(): undefined {
    return undefined
  }
}

export const importBackup = action({
  name: 'backups.import',
  summary: 'Makes a backup of a pg_dump custom-format file, in quarantine until it is trusted; nothing of it is run.',
  permission: 'backups:create',
  kind: 'job',
  input: z.strictObject({
    file: local(z.string().min(1).optional().describe('The file that pg_dump wrote.')),
    stream: local(
      z
        .custom<Readable>((value) => value instanceof Readable)
        .transform((stream) => new HandedStream(stream))
        .optional()
        .describe('A stream of its bytes.'),
    ),
    name: z.string().max(200).optional().describe('A name for people. Default: that of the file.'),
    description: z.string().max(4000).optional().describe('Where the file comes from.'),
    tags: z.record(z.string().min(1).max(100), z.string().max(400)).optional().describe('Names with values.'),
    pinned: z.boolean().optional().describe('Retention and delete leave it alone.'),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/)
      .optional()
      .describe('The SHA-256 that the file must have, in hex.'),
  }),
  result: backupSchema,
  command: {
    name: 'import',
    examples: ['lifeboat import old.dump --name "before the move"', 'pg_dump -Fc old | lifeboat import -'],
  },
  http: { method: 'POST', path: 'backups/import', upload: 'stream', status: 201 },
  page: 'backups',
  job: {
    kind: 'import',
    label: 'Import',
    // A stream cannot be read twice.
    resumable: false,
    // It only adds, under a number of its own.
    writer: () => null,
    summary: ({ id, number, logical_bytes, stored_bytes, row_count }: BackupDetails) => ({
      ...{ id, number, logical_bytes, stored_bytes },
      rows: row_count,
    }),
  },
  async run(context, { file, stream, ...options }): Promise<BackupDetails> {
    const { backups, caller, signal, report } = context
    if (file === undefined && !(stream instanceof HandedStream))
      throw new EngineError('USAGE', 'An import takes a file or a stream; a stream only of the call that waits for it.')
    const made = await backups.import({
      ...options,
      ...(file === undefined ? {} : { file }),
      ...(stream instanceof HandedStream ? { stream: stream.stream } : {}),
      createdBy: caller.actor.id,
      ...(signal ? { signal } : {}),
      ...(report ? { report } : {}),
    })
    context.about = made.id
    return made
  },
  facts: ({ input: { file, name, sha256 }, result }) => ({
    file: file ?? 'a stream',
    ...(name === undefined ? {} : { name }),
    ...(sha256 === undefined ? {} : { expected_sha256: sha256 }),
    ...(result
      ? {
          number: result.number,
          database: result.database,
          rows: result.row_count,
          file_sha256: result.quarantine?.file_sha256,
          findings: result.findings.map(({ kind, count }) => `${kind}: ${count}`),
        }
      : {}),
  }),
})
