import type { HttpApi } from './client.ts'

export type Backup = HttpApi['GET backups']['result']['results'][number]
export type BackupDetails = HttpApi['GET backups/:id']['result']
export type Task = HttpApi['GET tasks/:task_id']['result']
export type Restore = HttpApi['GET restores/:id']['result']
export type LogLine = HttpApi['GET tasks/:task_id/logs']['result']['results'][number]
export type RestorePlan = HttpApi['POST backups/:id/plan']['result']['plan']
export type RestoreBody = NonNullable<HttpApi['POST backups/:id/plan']['body']>
export type Config = HttpApi['GET config']['result']
export type Approval = HttpApi['GET approvals']['result']['results'][number]
export type Session = HttpApi['GET session']['result']
export type Comparison = HttpApi['GET backups/:id/compare']['result']
export type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>
export type Permission = Session['permissions'][number]

export const isOpen = ({ status }: { status: string }): boolean =>
  status === 'queued' || status === 'running' || status === 'pending'
