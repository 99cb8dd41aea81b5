import { z } from 'zod'
import { runTimeConfigSchema } from '../../policy/run-time-config.ts'
import { action } from '../action.ts'

export const readConfig = action({
  name: 'config.read',
  summary: 'Shows the run-time settings that hold now.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({}),
  result: runTimeConfigSchema,
  http: { method: 'GET', path: 'config' },
  command: {
    name: 'config',
    examples: ['lifeboat config', 'lifeboat config auto_backup_enabled=true auto_backup_hour=3'],
  },
  page: 'repository',
  run: async (context) => (await context.background()).config.read(),
})
