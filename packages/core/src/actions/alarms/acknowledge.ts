import { z } from 'zod'
import { alarmSchema } from '../../catalog/records.ts'
import { acknowledgeAlarm, findAlarm } from '../../engine/alarms.ts'
import { EngineError } from '../../errors.ts'
import { isAllowed } from '../../policy/permissions.ts'
import type { Alarm } from '../../repository/documents/alarms.ts'
import { action } from '../action.ts'

export const acknowledge = action({
  name: 'alarms.acknowledge',
  summary: 'Says that an alarm was looked at. The backup it holds may be deleted by retention again.',
  permission: 'backups:pin',
  kind: 'change',
  // It takes off the pin of the last good backup, as `backups.pin` does.
  danger: 'weakens_protection',
  subject: 'alarm',
  input: z.strictObject({
    alarm: z.string().min(1).max(200).describe('Id of the alarm, or its first characters.'),
    reason: z.string().min(1).max(1000).describe('What was found.'),
    expected: z.boolean().optional().describe('It is always so: the same is not told of the same table again.'),
  }),
  result: alarmSchema,
  http: { method: 'POST', path: 'alarms/:alarm/acknowledge' },
  command: {
    name: 'acknowledge',
    examples: ['lifeboat acknowledge a1b2c3 --reason "the old orders were archived"'],
  },
  page: 'overview',
  async run(context, { alarm: reference, reason, expected = false }): Promise<Alarm> {
    const { parts, caller, signal } = context
    const alarm = await findAlarm(parts, reference, signal)
    context.about = alarm.id
    // Without its pin a backup goes with the next retention: an actor without the permission to delete must not cause
    // that.
    if (!isAllowed(caller.actor, 'backups:delete') && (alarm.held !== null || expected))
      throw new EngineError(
        'FORBIDDEN',
        'This alarm holds a backup: to acknowledge it needs the permission backups:delete.',
        {
          detail: { permission: 'backups:delete' },
        },
      )
    const at = new Date().toISOString()
    return acknowledgeAlarm(parts, alarm, { at, by: caller.actor.id, reason, expected })
  },
  facts: ({ input, result, context: { parts } }) => ({
    ...input,
    ...(result
      ? {
          what: result.what,
          number: result.number,
          label: parts.labels().find((one) => parts.connection(one).database === result.database) ?? result.database,
        }
      : {}),
  }),
})
