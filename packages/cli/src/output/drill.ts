import type { ActionResult } from '@lifeboat/core'
import { formatBytes, formatCounted, formatDuration } from './format.ts'
import { wordsOfPhase } from './phase-words.ts'

type Drill = ActionResult<'drills.run'>

const words = { good: 'good', bad: 'failed', unknown: 'could not find out' } as const

/** What a drill found, for a terminal. */
export function describeDrill(drill: Drill): string {
  const { number, verdict, recovery_seconds, seconds, problems, notes } = drill
  const took = recovery_seconds === null ? '' : ` Recovered in ${duration(recovery_seconds)}.`
  return [
    `Drill of backup ${number}: ${words[verdict]}.${took}`,
    ...problems.map((text) => `✗ ${text}`),
    ...(recovery_seconds === null ? [] : ['', ...checked(drill).map((text) => `✓ ${text}`)]),
    ...notes.map((text) => `  ${text}`),
    '',
    `${drill.phases.map(({ phase, seconds: each }) => `${wordsOfPhase(phase)} ${duration(each)}`).join(' · ')} · all ${duration(seconds)}`,
  ].join('\n')
}

function checked({
  rows,
  tables,
  copy,
  recovery_key,
  migrations,
  validators,
  freshness,
  indexes,
  media_bytes,
}: Drill): string[] {
  return [
    copy === null ? '' : `read from the copy "${copy}"`,
    recovery_key ? 'opened with the recovery key' : '',
    `${formatCounted(rows, 'row')} in ${formatCounted(tables, 'table')} restored and counted`,
    migrations.length > 0 ? `migrations run: ${migrations.join(', ')}` : '',
    validators.length > 0 ? `validators passed: ${validators.join(', ')}` : '',
    ...freshness
      .filter(({ age_seconds, limit_seconds }) => age_seconds !== null && age_seconds <= limit_seconds)
      .map(({ column, age_seconds }) => `newest ${column}: ${duration(age_seconds ?? 0)} before the backup`),
    indexes === null ? '' : `${formatCounted(indexes, 'index', 'indexes')} looked at by amcheck`,
    media_bytes > 0 ? `${formatBytes(media_bytes)} of the media read and proven` : '',
  ].filter(Boolean)
}

const duration = (seconds: number): string => formatDuration(seconds * 1000)
