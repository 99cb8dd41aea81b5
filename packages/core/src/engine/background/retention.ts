import type { RetentionPolicy } from '../../policy/retention.ts'
import { defaultRunTimeConfig } from '../../policy/run-time-config.ts'
import type { JudgedRetention } from '../judge-retention.ts'
import type { Background, EngineCore } from './core.ts'
import { backupsNeededForUndo } from './needed-for-undo.ts'
import { retentionPolicyOf } from './run-time-settings.ts'

/** What retention would keep and delete now, with the reason for each backup, and the policy that says so. */
export interface RetentionPreview extends JudgedRetention {
  policy: RetentionPolicy
}

export interface RetentionRequest {
  database?: string | undefined
  policy?: Partial<RetentionPolicy>
  /** Id of the backup after which retention runs. */
  justMade?: string | undefined
  /** The number of backups that would go, named by the user who has looked. */
  yesRemove?: number | undefined
}

/** What retention would do now with each stored backup. */
export async function previewRetention(
  core: EngineCore & { history(): Promise<Background | null>; catalogProblem(): Promise<unknown> },
  { policy: tried, ...request }: RetentionRequest = {},
): Promise<RetentionPreview> {
  const history = await core.history()
  // By limits that were changed at run time and cannot be read now, backups would go that are to stay.
  const problem = history ? null : await core.catalogProblem()
  if (problem) throw problem
  const { parts } = core
  const [neededForUndo, settings] = await Promise.all([
    backupsNeededForUndo(core),
    history ? history.config.read() : { ...defaultRunTimeConfig, ...parts.settings.runTime },
  ])
  const policy = { ...retentionPolicyOf(settings), ...tried }
  const { judgeRetention } = await import('../judge-retention.ts')
  return { policy, ...(await judgeRetention(parts, { ...request, policy, neededForUndo })) }
}
