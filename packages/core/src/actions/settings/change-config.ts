import { runTimeConfigChangeSchema, runTimeConfigSchema } from '../../policy/run-time-config.ts'
import { action } from '../action.ts'

export const changeConfig = action({
  name: 'config.change',
  summary: 'Changes parts of the run-time settings, without a restart; null returns a part to the value in code.',
  permission: 'config:write',
  kind: 'change',
  input: runTimeConfigChangeSchema,
  result: runTimeConfigSchema,
  http: { method: 'POST', path: 'config' },
  leftOut: { command: '`lifeboat config NAME=VALUE` does it.' },
  page: 'repository',
  async run(context, patch) {
    const { config } = await context.background()
    return config.change(patch, { by: context.caller.actor.id })
  },
  facts: ({ input }) => ({ changed: input }),
})
