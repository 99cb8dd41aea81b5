import { z } from 'zod'
import { action } from './action.ts'
import { databaseLabel } from './inputs.ts'

const estimate = z
  .object({
    seconds: z.number(),
    limit: z.enum(['source', 'processor', 'storage', 'target']).describe('The slowest of what works at the same time.'),
    advice: z.string().describe('Which setting helps, or that none does.'),
  })
  .nullable()

const benchSchema = z
  .object({
    source: z
      .object({
        table: z.string(),
        rows: z.int(),
        bytes: z.int(),
        rows_per_second: z.number(),
        bytes_per_second: z.number(),
      })
      .nullable()
      .describe('One connection reads rows of the largest table; null where there are none.'),
    processor: z.object({
      seal_bytes_per_second: z.number().describe('Bytes of rows, by one core.'),
      open_bytes_per_second: z.number(),
      ratio: z.number().describe('Bytes that are stored of a byte of rows.'),
      cores: z.int(),
    }),
    storage: z.object({
      upload_bytes_per_second: z.number(),
      download_bytes_per_second: z.number(),
      latency_ms: z.number(),
      written_bytes: z.int().describe('Written, read back and removed.'),
    }),
    target: z
      .object({ load_bytes_per_second: z.number(), index_bytes_per_second: z.number().nullable() })
      .nullable()
      .describe('One connection loads the rows into a temporary table; null where it could not.'),
    target_problem: z.string().nullable(),
    row_bytes: z.number().describe('Bytes of all rows: of the newest backup, else estimated by the sample.'),
    index_bytes: z.number(),
    connections: z.int(),
    backup: estimate.describe('A full backup; null where there are no rows to go by.'),
    restore: estimate.describe('A restore; null where loading rows could not be tried.'),
  })
  .meta({ id: 'bench_report' })

export const bench = action({
  name: 'bench',
  summary:
    'Measures storage, processor and server with rows of your own, and says how long a full backup and a restore take.',
  permission: 'maintenance:run',
  kind: 'job',
  input: z.strictObject({
    seconds: z.number().min(1).max(120).default(20).describe('Time for all measurements together.'),
    megabytes: z
      .number()
      .int()
      .min(1)
      .max(512)
      .default(64)
      .describe('The most that is written to the storage; it is read back and removed.'),
    database: databaseLabel,
  }),
  result: benchSchema,
  http: { method: 'POST', path: 'bench' },
  command: { name: 'bench', examples: ['lifeboat bench', 'lifeboat bench --seconds 60 --megabytes 256'] },
  page: 'repository',
  job: { kind: 'bench', label: 'Measurement', resumable: false, writer: () => '.bench' },
  async run({ parts, signal, report }, { seconds, megabytes, database }) {
    const { runBench } = await import('../engine/bench/bench.ts')
    return runBench(parts, { seconds, megabytes, database, signal, report })
  },
  facts: ({ result }) => (result?.backup ? { backup_seconds: result.backup.seconds } : {}),
})
