import { z } from 'zod'
import type { SentFile } from '../../actions/backups/download.ts'
import { sendDownload } from '../download.ts'
import { route } from '../route.ts'

export const auditExportRoute = route({
  method: 'GET',
  path: 'audit/export',
  permission: 'audit:read',
  action: 'audit.export',
  summary: 'All events as JSON lines, which another program can verify, or as CSV.',
  query: z.object({
    format: z.enum(['jsonl', 'csv']).default('jsonl').describe('JSON lines with hashes and seals, or CSV.'),
    from_repository: z
      .enum(['true', 'false'])
      .default('false')
      .describe('What the repository holds, without the catalog.'),
  }),
  answers: { status: 200, contentType: 'application/jsonl' },
  handle(context) {
    const { format, from_repository } = context.query
    const open = async () =>
      (await context.run('audit.export', { format, fromRepository: from_repository === 'true' })) as SentFile
    return sendDownload(context, open, () => {})
  },
})
