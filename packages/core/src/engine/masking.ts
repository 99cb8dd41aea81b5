import type { MaskProblem } from '../masking/resolve-policy.ts'
import type { SuggestedColumn } from '../masking/suggest-policy.ts'
import { resolveConnection } from '../postgres/connection.ts'
import type { SubsetFacts } from '../restore/plan/plan-facts.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

type Call = OfDatabase & Running

/** A first policy, or what one does not name yet. */
export interface MaskSuggestion {
  tables: { table: string; as: 'keep' | 'empty'; why: string }[]
  columns: SuggestedColumn[]
  /** The same as lines of a configuration, each a comment until a person has looked at it. */
  text: string
}

/** Whether a policy says everything about a backup, and whether a copy holds what was masked. */
export interface MaskCheck {
  ok: boolean
  /** Names the policy. */
  policy: string
  number: number
  problems: MaskProblem[]
  /** Names of the policy that the backup does not have. */
  unknown: string[]
  tables: { kept: number; empty: number; masked: number }
  columns: number
  /** Of a subset: tables by why a copy has rows of them; null where every row is kept. */
  subset: SubsetFacts | null
  /** Of a copy that was searched. */
  searched: {
    database: string
    canaries: number
    relations: number
    bytes: number
    found: { place: string; of: string[] }[]
  } | null
}

/** Some rows of a table as a masked copy would have them. */
export interface MaskPreview {
  table: string
  columns: { name: string; mask: string }[]
  rows: (string | null)[][]
}

/** Masked copies: their policy, tried on a backup, named by its whole id. No call gives a value that is masked. */
export interface MaskingRoom {
  suggest(backupId: string, call: Call): Promise<MaskSuggestion>
  /** `target`: a named target, or a database beside the configured one, that is searched for values of the backup. */
  check(backupId: string, call: Call & { target?: string | undefined }): Promise<MaskCheck>
  preview(request: { backupId: string; table: string; limit: number }, call: Call): Promise<MaskPreview>
}

export function createMasking(parts: EngineParts): MaskingRoom {
  const policy = () => parts.settings.masking
  return {
    async suggest(backupId, { signal }) {
      const { suggestForBackup } = await import('./mask-backup.ts')
      return suggestForBackup(await parts.repository(), { backupId, policy: policy() }, signal)
    },
    async check(backupId, { database, target, signal }) {
      const { checkBackup } = await import('./mask-backup.ts')
      // Own property only: the name comes from outside.
      const named =
        target !== undefined && Object.hasOwn(parts.settings.targets, target)
          ? parts.settings.targets[target]
          : undefined
      const connection = () => (named ? resolveConnection(named.url) : parts.connection(database))
      const searched =
        target === undefined ? null : { target: named ? connection().database : target, connection: connection() }
      const held = { backupId, policy: named?.masking ?? policy(), searched }
      return checkBackup(await parts.repository(), held, signal)
    },
    async preview(request, { signal }) {
      const { previewTable } = await import('./mask-backup.ts')
      return previewTable(await parts.repository(), { ...request, policy: policy() }, signal)
    },
  }
}
