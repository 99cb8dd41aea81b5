import { counted } from '../../counted.ts'
import type { Finding, Rehearsal, RehearsedLock, RehearsedRun } from './rehearsal.ts'

/** A rehearsal as text for a terminal. */
export function formatRehearsal(rehearsal: Rehearsal): string {
  const lines = [headline(rehearsal)]
  for (const run of rehearsal.runs) lines.push(...runLines(run, rehearsal))
  if (rehearsal.error) lines.push(`✗ ${rehearsal.error.code}: ${rehearsal.error.text}`)
  lines.push(lastLine(rehearsal))
  return lines.join('\n')
}

/** The same for a comment on a pull request. */
export function formatRehearsalMarkdown(rehearsal: Rehearsal): string {
  const lines = [`### ${rehearsal.ok ? '✅' : '❌'} ${headline(rehearsal)}`, '']
  if (rehearsal.error) lines.push(`**${rehearsal.error.code}**: ${escaped(rehearsal.error.text)}`, '')
  const blocking = rehearsal.findings.filter(({ severity }) => severity === 'blocks')
  if (blocking.length > 0) {
    lines.push('| table | what waits | what to write instead |', '|---|---|---|')
    lines.push(
      ...blocking.map((one) => `| ${cell(one.table)} | ${cell(one.text)} | ${cell(adviceText(one)) || '–'} |`),
      '',
    )
  }
  for (const run of rehearsal.runs) {
    const title = `${markOf(run, rehearsal)} ${titleOf(run)} · ${duration(run.milliseconds)}`
    lines.push(
      `<details><summary>${html(title)}</summary>`,
      '',
      '```',
      ...runLines(run, rehearsal).slice(1).map(unfenced),
      '```',
      '',
      '</details>',
    )
  }
  lines.push('', escaped(lastLine(rehearsal)))
  return lines.join('\n')
}

function headline({ runs, backup, milliseconds, ok }: Rehearsal): string {
  const count = runs.filter(({ direction }) => direction === 'up').reduce((sum, run) => sum + run.migrations.length, 0)
  const what =
    count === 0 ? 'Nothing is pending' : `Rehearsal of ${counted(count, 'migration')}${ok ? '' : ': not good'}`
  const when = backup.created_at.slice(0, 16).replace('T', ' ')
  return `${what} · backup ${backup.number} of ${when} · ${duration(milliseconds)} · copy dropped`
}

function runLines(run: RehearsedRun, rehearsal: Rehearsal): string[] {
  const { min_rows } = rehearsal.limits
  const findings = rehearsal.findings.filter(({ inspector }) => inspector === run.inspector)
  const lines = [`${markOf(run, rehearsal)} ${titleOf(run)}   ${duration(run.milliseconds)}`]
  if (run.error !== null) lines.push(`   failed: ${run.error}`)
  const locks = run.locks.filter(({ rows, blocks }) => rows >= min_rows && blocks !== 'schema changes')
  for (const lock of locks) {
    lines.push(`   ${lockLine(lock, rehearsal)}`, ...lock.statements.slice(0, 5).map((sql) => `     from  ${sql}`))
    const finding = findings.find(({ table, severity }) => table === lock.table && severity === 'blocks')
    for (const { advice } of finding?.advice ?? []) lines.push(`     → ${advice}`)
  }
  for (const table of run.tables) {
    const facts = [
      table.rewritten ? 'rewritten' : '',
      ...(['inserted', 'updated', 'deleted'] as const).map((what) =>
        table[what] > 0 ? `${counted(table[what], 'row')} ${what}` : '',
      ),
      Math.abs(table.growth_bytes) >= 1_000_000 ? `${signed(table.growth_bytes)}` : '',
    ].filter(Boolean)
    if (facts.length > 0) lines.push(`   ${table.table}: ${facts.join(', ')}`)
  }
  if (locks.length === 0 && run.error === null) lines.push('   nothing blocked')
  return lines
}

function lockLine(lock: RehearsedLock, { resolution_ms, limits }: Rehearsal): string {
  const held = lock.held_ms < resolution_ms ? `< ${resolution_ms} ms` : duration(lock.held_ms)
  const limit = lock.blocks === 'writes' ? limits.max_blocked_writes_ms : limits.max_blocked_reads_ms
  const over = lock.held_ms > limit ? `   limit ${duration(limit)}` : ''
  const until = lock.until_commit ? ', until COMMIT' : ''
  return `${lock.table} (${counted(lock.rows, 'row')}, ${size(lock.bytes)}): ${lock.blocks} blocked ${held}${until} (${lock.mode})${over}`
}

function lastLine(rehearsal: Rehearsal): string {
  const { growth_bytes, wal_bytes_at_most, validators, data_migrations, longest_live_transaction_ms } = rehearsal
  return [
    `Growth: ${signed(growth_bytes)}${wal_bytes_at_most === null ? '' : `, WAL ≤ ${size(wal_bytes_at_most)}`}.`,
    validators.length > 0 ? `Validators: ${validators.length} passed.` : '',
    data_migrations.length > 0 ? `Data migrations: ${data_migrations.length} run.` : '',
    longest_live_transaction_ms === null || longest_live_transaction_ms < 1000
      ? ''
      : `The longest transaction on live just now: ${duration(longest_live_transaction_ms)}; a lock waits behind it.`,
    `Looked every ${rehearsal.resolution_ms} ms at worst; a copy has a cold cache and no bloat: times are a guide.`,
  ]
    .filter(Boolean)
    .join(' ')
}

const markOf = ({ ok, inspector }: RehearsedRun, { findings }: Rehearsal): string =>
  ok && !findings.some((one) => one.inspector === inspector && one.severity === 'blocks') ? '✓' : '✗'

const titleOf = ({ inspector, direction, migrations }: RehearsedRun): string =>
  `${migrations.join(', ')} (${inspector}${direction === 'down' ? ', back' : ''})`

const adviceText = ({ advice }: Finding): string => advice.map((one) => one.advice).join(' ')

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
}

const size = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
const signed = (bytes: number): string => `${bytes < 0 ? '-' : '+'}${size(Math.abs(bytes))}`

const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
/** Names and messages out of a database: no markup, no mentions, no line of their own. */
const escaped = (text: string): string =>
  html(text)
    .replace(/[\\`*_[\]|@#]/g, '\\$&')
    .replace(/\s+/g, ' ')
const cell = escaped
const unfenced = (line: string): string => line.replaceAll('```', "'''")
