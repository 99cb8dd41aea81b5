import { action } from '../action.ts'
import { backupOfFacts, carryOut, confirmable, outcomeFacts, prepareRewind, rewindResult } from './carry-out.ts'
import { plannedRewind, rewindDocument, rewindInput } from './rewind-plan.ts'

export const rewind = action({
  name: 'rows.rewind',
  summary: 'Takes back what changed since a backup, in place and in one transaction. It can be undone.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'backup',
  input: rewindInput,
  result: rewindResult,
  http: { method: 'POST', path: 'backups/:id/rewind' },
  command: {
    name: 'rewind',
    examples: [
      'lifeboat rewind latest --dry-run',
      'lifeboat rewind latest --table orders --keep-new',
      'lifeboat rewind latest --tenant 7 --tenant-table org',
      'lifeboat rewind 12 --yes',
    ],
  },
  page: 'backup',
  confirm: 'always',
  async plan(context, asked) {
    const found = await plannedRewind(context, asked, { confirmed: context.caller.confirm })
    return confirmable(found, rewindDocument(found.plan))
  },
  job: {
    kind: 'rewind',
    label: 'Rewind',
    // One that was broken off has changed nothing; whether it is still wanted, people decide.
    resumable: false,
    writer: (_, label) => label,
    prepare: (context, _, confirmed) => prepareRewind(context, confirmed),
  },
  run: carryOut,
  facts({ input, plan, context, result }) {
    const { tables, tenant, tenantTable, tenantKey = null, keepNew, sequences, overrides, safetyBackup } = input
    const one = tenant === undefined ? {} : { tenant, tenant_table: tenantTable ?? null, tenant_key: tenantKey }
    return {
      backup: backupOfFacts(context, plan) ?? input.backup,
      ...one,
      ...{ tables, keep_new: keepNew, sequences, overrides, without_safety_backup: !safetyBackup },
      ...(result ? outcomeFacts(result) : {}),
    }
  },
})
