import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

const maxTags = 100

export const annotateBackup = action({
  name: 'backups.annotate',
  summary: 'Changes the name, the description or the tags of a finished backup.',
  permission: 'backups:pin',
  kind: 'change',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    name: z.string().max(200).optional().describe('Another name for people.'),
    description: z.string().max(4000).optional().describe('Another description.'),
    tags: z
      .record(z.string().min(1).max(100), z.string().max(400))
      .optional()
      .describe('Names with values: all of them, in place of those it has.'),
    database: databaseLabel,
  }),
  result: backupSchema,
  http: { method: 'POST', path: 'backups/:id/annotate' },
  command: {
    name: 'annotate',
    examples: [
      'lifeboat annotate 12 --name "before 2.0"',
      'lifeboat annotate latest --tags release=2.0 --tags audited=yes',
    ],
  },
  page: 'backup',
  async run(context, { backup, name, description, tags, database }): Promise<CompletedBackup> {
    const { backups, caller, signal } = context
    const found = await findCompleted(context, backup, { database, signal })
    context.about = found.id
    if (name === undefined && description === undefined && tags === undefined)
      throw new EngineError('INVALID', 'Nothing is to be changed: give a name, a description or tags.')
    if (Object.keys(tags ?? {}).length > maxTags)
      throw new EngineError('INVALID', `A backup has at most ${maxTags} tags.`)
    const done = await backups.annotate(found.id, { name, description, tags }, { by: caller.actor.id, signal })
    return { ...done, task_id: found.task_id }
  },
})
