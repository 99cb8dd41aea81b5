import { action } from '../action.ts'
import { backupOfFacts, carryOut, confirmable, outcomeFacts, prepareRewind, rewindResult } from './carry-out.ts'
import { patchDocument, patchInput, plannedPatch } from './patch-plan.ts'

export const patch = action({
  name: 'rows.patch',
  summary: 'Puts chosen rows of one table back, in one transaction. Rows added since stay. It can be undone.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'backup',
  input: patchInput,
  result: rewindResult,
  http: { method: 'POST', path: 'backups/:id/patch' },
  command: {
    name: 'patch',
    examples: [
      'lifeboat patch latest --table orders --where "id IN (1, 2)" --dry-run',
      'lifeboat patch latest --table orders --on-conflict live',
    ],
  },
  page: 'backup',
  confirm: 'always',
  async plan(context, asked) {
    const found = await plannedPatch(context, asked, { confirmed: context.caller.confirm })
    return confirmable(found, patchDocument(found.plan))
  },
  job: {
    kind: 'patch',
    label: 'Patch',
    // One that was broken off has changed nothing; whether it is still wanted, people decide.
    resumable: false,
    writer: (_, label) => label,
    prepare: (context, _, confirmed) => prepareRewind(context, confirmed),
  },
  run: carryOut,
  facts({ input, plan, context, result }) {
    const { table, where = null, onConflict, overrides, safetyBackup } = input
    return {
      backup: backupOfFacts(context, plan) ?? input.backup,
      ...{ table, where, on_conflict: onConflict, overrides, without_safety_backup: !safetyBackup },
      ...(result ? outcomeFacts(result) : {}),
    }
  },
})
