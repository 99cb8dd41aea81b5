import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { log } from '../../events.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const exportToFolder = action({
  name: 'backups.exportToFolder',
  summary: 'Lays the standard files of a backup into the export folder; they go when the backup goes.',
  permission: 'backups:download',
  kind: 'job',
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: z.object({ files: z.array(z.string()) }),
  http: { method: 'POST', path: 'backups/:id/export' },
  command: { name: 'export-to-folder', examples: ['lifeboat export-to-folder latest'] },
  page: 'backup',
  job: {
    kind: 'export',
    label: 'Export',
    resumable: true,
    writer: () => '.export',
    async prepare(context, { backup, database }) {
      const found = await findCompleted(context, backup, { database, signal: context.signal })
      const label = labelOfBackup(context.parts, found, database)
      return { subjectId: found.id, ...(label === undefined ? {} : { database: label }) }
    },
  },
  async run({ backups, subjectId, signal, report }, { backup, database }) {
    const { files } = await backups.exportToFolder(subjectId ?? backup, { database, signal, report })
    for (const file of files) log(report, 'info', `Wrote ${file}.`)
    return { files }
  },
})
