import type { Route } from './route.ts'

/** What the groups of routes are about. A group is what comes before the dot in the name of an action. */
export const tagDescriptions: Readonly<Record<string, string>> = {
  api: 'This description, who is signed in, and events as they happen.',
  installation: 'How this installation is: its last backups, its health, what it lacks, how fast it is.',
  alarms: 'What is unusual about the rows or the size of a backup, until a person acknowledges it.',
  approvals: 'Requests that wait for a second person.',
  audit: 'Who did what, in a chain that shows tampering.',
  backups: 'Backups: create, list, compare, verify, export, download, delete.',
  config: 'Run-time settings.',
  copies: 'Copies of the repository on other storages.',
  drills: 'Restores into a database of their own that prove a backup.',
  keys: 'Keys that open the repository, and the recovery kit.',
  maintenance: 'Checks, repairs and clean-up of the repository.',
  masking: 'Masked copies: which columns are replaced, and how the values then look.',
  metrics: 'Figures for a monitoring system.',
  migrations: 'The migrations of the application, and rehearsals of those that are pending.',
  notifications: 'Channels, what was sent over them, and what was not delivered.',
  reminders: 'What a person has to look at, by the week to the year, and as a calendar.',
  repository: 'The repository, and how fast it may be read and written.',
  restores: 'Restores, what they replaced, and the way back.',
  retention: 'Which backups are kept, and what would be deleted.',
  rows: 'Rows: what a restore would lose, and taking back some of them.',
  schedules: 'Schedules of jobs.',
  storage: 'Storages that could hold a repository.',
  targets: 'Databases that are refreshed from backups, such as staging.',
  tasks: 'Background jobs, their progress and their logs.',
}

const single = new Set(['', 'actions', 'events', 'openapi.json', 'session'])

export function tagOf({ path, action }: Pick<Route, 'path' | 'action'>): string {
  const first = path.split('/')[0] ?? ''
  if (action === undefined) return single.has(first) ? 'api' : first
  return action.includes('.') ? (action.split('.')[0] as string) : 'installation'
}
