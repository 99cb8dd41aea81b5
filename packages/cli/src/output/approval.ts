import type { ActionResult } from '@lifeboat/core'
import { formatTime, plainText } from './format.ts'
import { describePlan } from './plan.ts'
import { formatFields, formatTable } from './table.ts'

export type Approval = ActionResult<'approvals.show'>

/** A request as people look at it before they approve: who asks for what, what would be done, what would be lost. */
export function describeApproval(request: Approval): string {
  const { have, need, eligible } = request.approvals
  const fields: [string, string][] = [
    ['request', request.id],
    ['action', `${request.action}: ${request.summary}`],
    ['state', stateOf(request)],
    [
      'asked by',
      `${plainText(request.requested_by)}${request.requester_known ? '' : ' (no known person)'}, by ${request.face}`,
    ],
    ['asked at', formatTime(request.requested_at)],
    ['good until', formatTime(request.expires_at)],
    [
      'approvals',
      `${have} of ${need}${eligible.length > 0 ? `; can approve: ${eligible.map(plainText).join(', ')}` : ''}`,
    ],
    ...request.votes.map(({ person, at, comment }): [string, string] => [
      'approved by',
      `${plainText(person)}, ${formatTime(at)}${comment === null ? '' : `: ${plainText(comment)}`}`,
    ]),
    ...(request.glass
      ? [
          ['emergency', `${plainText(request.glass.reason)} (from ${formatTime(request.glass.usable_from)} on)`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(request.ended_reason ? [['reason', plainText(request.ended_reason)] as [string, string]] : []),
    ...(request.irreversible ? [['to know', 'This can never be undone.'] as [string, string]] : []),
  ]
  return `${formatFields(fields)}\n\n${planOf(request)}`
}

/** A restore's plan as `restore --dry-run` prints it; every other one by its fields. */
function planOf({ action, plan, loss, parameters }: Approval): string {
  if (action === 'restores.run' && plan && Array.isArray(plan.steps))
    return describePlan({ ...plan, lost: loss } as unknown as ActionResult<'restores.plan'>)
  const shown = { ...parameters, ...plan }
  return formatFields(
    Object.entries(shown).map(([name, value]) => [name.replaceAll('_', ' '), plainText(textOf(value))]),
  )
}

const textOf = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  return text.length > 400 ? `${text.slice(0, 399)}…` : text
}

function stateOf({ state, ended_at, ended_by }: Approval): string {
  const end =
    ended_at === null ? '' : `, ${formatTime(ended_at)}${ended_by === null ? '' : ` by ${plainText(ended_by)}`}`
  return `${state}${end}`
}

export function approvalTable(rows: readonly Approval[]): string {
  const titles = ['request', 'state', 'action', 'about', 'asked by', 'good until', 'approvals']
  return formatTable(
    titles.map((title) => ({ title })),
    rows.map(({ id, state, action, subject, requested_by, expires_at, approvals: { have, need } }) => [
      ...[id, state, action, subject ?? '-', plainText(requested_by), formatTime(expires_at), `${have} of ${need}`],
    ]),
  )
}
