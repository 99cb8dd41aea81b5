import type { AnyAction } from '@lifeboat/core/actions'
import { runConfirmed } from '../action-command.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { type Approval, approvalTable, describeApproval } from '../output/approval.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { forTerminal } from '../output/terminal.ts'

interface ApprovalFlags extends CommonOptions {
  all?: boolean
  page?: string
  pageSize?: string
  comment?: string
}

export const approvalsCommand: CommandDefinition = {
  name: 'approvals',
  description: 'List what waits for the approval of another person.',
  examples: ['lifeboat approvals', 'lifeboat approvals --all --json'],
  action: 'approvals.list',
  own: ['open', 'page', 'pageSize'],
  configure(command, signal) {
    command
      .option('--all', 'also those that are over')
      .option('--page <n>', 'number of the page', '1')
      .option('--page-size <n>', 'entries on a page', '50')
      .action(async (options: ApprovalFlags) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const page = { page: Number(options.page), pageSize: Number(options.pageSize) }
          const { rows, count, required } = await engine.approvals.list({
            ...{ open: options.all !== true, ...page, ...running },
          })
          await finish()
          const none = required ? 'Nothing waits for approval.' : 'No action needs approval here.'
          writeResult(options, { approvals: rows, count }, rows.length === 0 ? none : approvalTable(rows))
        })
      })
  },
}

export const showApprovalCommand: CommandDefinition = {
  name: 'show-approval',
  description: 'Show one request for approval: the plan, and what would be lost.',
  examples: ['lifeboat show-approval a3fk2'],
  action: 'approvals.show',
  own: ['request'],
  configure(command, signal) {
    command
      .argument('<request>', 'id of the request, or its first characters')
      .action(async (request: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const approval = await engine.approvals.show(request, running)
          await finish()
          writeResult(options, { approval }, describeApproval(approval))
        })
      })
  },
}

export const approveCommand: CommandDefinition = {
  name: 'approve',
  description: 'Approve what another person asks for, exactly as it is shown.',
  examples: [
    'lifeboat approvals',
    'lifeboat approve a3fk2',
    'lifeboat approve a3fk2 --comment "checked with sales" --yes',
  ],
  action: 'approvals.approve',
  own: ['request', 'comment'],
  configure(command, signal, action) {
    command
      .argument('<request>', 'id of the request, or its first characters')
      .option('--comment <text>', 'for the one who asked, and the audit log')
      .action(async (request: string, options: ApprovalFlags) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const asked = await engine.approvals.show(request, running)
          if (!options.json) process.stderr.write(`${forTerminal(describeApproval(asked), process.stderr)}\n\n`)
          const input = { request: asked.id, ...(options.comment === undefined ? {} : { comment: options.comment }) }
          const approval = (await runConfirmed({ engine, running }, action as AnyAction, input, {
            yes: options.yes === true,
            question: () => `Approve ${asked.action} for ${asked.requested_by}?`,
          })) as Approval
          await finish()
          writeResult(options, { approval }, said(approval))
        })
      })
  },
}

function said({ state, requested_by: by, expires_at: until, approvals: { have, need } }: Approval): string {
  if (state === 'approved')
    return `Approved. It goes ahead when ${by} asks for the same again before ${formatTime(until)}.`
  return `Recorded: ${have} of ${need} approvals.`
}
