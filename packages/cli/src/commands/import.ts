import type { BackupDetails } from '@lifeboat/core'
import { EngineError } from '@lifeboat/core'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

const own = ['file', 'stream']

export const importCommand: CommandDefinition = {
  name: 'import',
  description: 'Make a backup of a pg_dump custom-format file. Nothing of it is run until it is trusted.',
  examples: [
    'lifeboat import old.dump --name "before the move"',
    'lifeboat import old.dump --sha256 "$(cut -d" " -f1 old.dump.sha256)"',
    'ssh old.example pg_dump -Fc shop | lifeboat import -',
  ],
  action: 'backups.import',
  own,
  configure(command, signal, action) {
    command.argument('<file>', 'the file; "-" is stdin').action(async (file: string, flags: CommonOptions) => {
      const fromStdin = file === '-'
      if (fromStdin && process.stdin.isTTY) throw new EngineError('USAGE', 'An archive is not read from a terminal.')
      await withSession(flags, { signal }, async ({ engine, running, finish }) => {
        const options = action ? inputFrom(action, flags, own) : {}
        const source = fromStdin ? { stream: process.stdin } : { file }
        const backup = await engine.backups.import({ ...options, ...running, ...source })
        await finish()
        writeResult(flags, { backup }, describeImport(backup))
      })
    })
  },
}

function describeImport(backup: BackupDetails): string {
  const { number, row_count, table_count, stored_bytes, quarantine, findings } = backup
  return [
    `Backup ${number}: ${formatCounted(row_count, 'row')} in ${formatCounted(table_count, 'table')}, ${formatBytes(stored_bytes)} new in the repository.`,
    `sha256  ${quarantine?.file_sha256 ?? ''}`,
    '',
    ...findingLines(findings),
    '',
    `It is in quarantine. When you trust what is listed: lifeboat trust ${number} --reason TEXT; of its rows alone: with --data-only`,
  ].join('\n')
}

/** What a restore of an imported backup would run. */
export function findingLines(findings: BackupDetails['findings']): string[] {
  if (findings.length === 0) return ['A restore makes tables and loads rows. Nothing else was found.']
  const rows = findings.map(({ text, count, objects }) => [
    formatCount(count),
    text,
    `${objects.slice(0, 3).join(', ')}${count > 3 ? ', ...' : ''}`,
  ])
  return [
    'A restore would run or make:',
    formatTable([{ title: 'number', align: 'right' }, { title: 'what' }, { title: 'for example' }], rows),
  ]
}
