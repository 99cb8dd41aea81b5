import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { z } from 'zod'
import type { AuditEvent } from '../../policy/audit/audit.ts'
import { type ActionContext, action } from '../action.ts'
import type { SentFile } from '../backups/download.ts'
import { toCsv } from '../csv.ts'
import { fromRepository } from './from-repository.ts'

const formats = ['jsonl', 'csv'] as const
const contentTypes = { jsonl: 'application/jsonl; charset=utf-8', csv: 'text/csv; charset=utf-8' }

export const exportAudit = action({
  name: 'audit.export',
  summary: 'Writes all events as JSON lines, which another program can verify, or as CSV.',
  permission: 'audit:read',
  kind: 'read',
  recorded: true,
  input: z.strictObject({
    format: z.enum(formats).default('jsonl').describe('JSON lines with hashes and seals, or CSV for a spreadsheet.'),
    fromRepository,
  }),
  result: z.unknown(),
  http: { method: 'GET', path: 'audit/export' },
  command: { name: 'audit export', examples: ['lifeboat audit export --output audit.jsonl'] },
  page: 'repository',
  async run(context, { format, fromRepository: isAnchored }): Promise<SentFile> {
    const pages = await open(context, isAnchored)
    const date = new Date().toISOString().slice(0, 10)
    return {
      file_name: `audit-${date}.${format}`,
      content_type: contentTypes[format],
      parts: null,
      write: (stream, signal) => write(pages(signal), format, { stream, signal }),
    }
  },
  facts: ({ input: { format, fromRepository: isAnchored } }) => ({ format, from_repository: isAnchored }),
})

async function open(context: ActionContext, isAnchored: boolean) {
  const { anchoredEvents, eventsOfCatalog } = await import('../../engine/background/audit/export-audit.ts')
  if (isAnchored) {
    const repository = await context.parts.repository()
    return (signal: AbortSignal | undefined) => anchoredEvents(repository, { signal })
  }
  const background = await context.background()
  const { takeInFacts } = await import('../../engine/background/sealed-facts.ts')
  await takeInFacts(background, context)
  return () => eventsOfCatalog(background.catalog)
}

async function write(
  pages: AsyncIterable<AuditEvent[]>,
  format: (typeof formats)[number],
  { stream, signal }: { stream: Writable; signal: AbortSignal | undefined },
): Promise<void> {
  const { auditColumns, jsonLineOf } = await import('../../engine/background/audit/export-audit.ts')
  const send = async (text: string) => {
    signal?.throwIfAborted()
    if (text !== '' && !stream.write(text)) await once(stream, 'drain', { signal })
  }
  const header = toCsv<AuditEvent>([], auditColumns)
  if (format === 'csv') await send(header)
  for await (const events of pages)
    await send(format === 'csv' ? toCsv(events, auditColumns).slice(header.length) : events.map(jsonLineOf).join(''))
}
