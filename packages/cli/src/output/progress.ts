import type { EngineEvent, ProgressEvent } from '@lifeboat/core'
import { formatBytes, formatCount, formatCounted, formatDuration, formatTime, plainText } from './format.ts'
import { wordsOfPhase } from './phase-words.ts'
import { forTerminal } from './terminal.ts'

type Waiting = NonNullable<Extract<EngineEvent, { type: 'phase' }>['waiting']>

/**
 * Shows engine events on stderr: on a terminal one line that is redrawn with a bar, elsewhere a plain line per phase
 * and at most one every ten seconds in between. stdout stays free for results.
 */
export function createProgress(
  stream: NodeJS.WriteStream,
  options: { quiet: boolean },
): { report(event: EngineEvent): void; end(): void } {
  if (options.quiet) return { report: () => {}, end: () => {} }
  const live = stream.isTTY === true
  let phase = ''
  let phaseStarted = performance.now()
  let drawn = false
  let lastPlain = performance.now()

  const clear = () => {
    if (drawn) stream.write('\r\u001b[2K')
    drawn = false
  }
  return {
    report(event) {
      if (event.type === 'log') {
        if (event.level === 'debug') return
        clear()
        const mark = { info: ' ', warning: '!', error: '✗' }[event.level]
        stream.write(`${forTerminal(`${mark} ${plainText(event.message)}`, stream)}\n`)
      } else if (event.type === 'phase') {
        clear()
        phase = event.phase
        phaseStarted = performance.now()
        lastPlain = phaseStarted
        if (event.waiting) writeWait(event.waiting)
        else if (live) draw(`${wordsOfPhase(phase)} …`)
        else stream.write(`  ${wordsOfPhase(phase)}\n`)
      } else if (live) {
        draw(progressLine(event, performance.now() - phaseStarted, stream.columns ?? 80))
      } else if (performance.now() - lastPlain > 10_000) {
        lastPlain = performance.now()
        stream.write(`  ${progressLine(event, performance.now() - phaseStarted, 0)}\n`)
      }
    },
    end: clear,
  }

  /** Why it stands still, as a line that stays: a bar would say that something happens. */
  function writeWait({ reason, nextTryAt }: Waiting) {
    const until = nextTryAt ? `next try at ${formatTime(nextTryAt)}` : 'it goes on as soon as the way is free'
    stream.write(`${forTerminal(`  waiting: ${plainText(reason)} (${until})`, stream)}\n`)
  }

  function draw(text: string) {
    clear()
    stream.write(text.slice(0, (stream.columns ?? 80) - 1))
    drawn = true
  }
}

/** One line: phase, bar (if `columns` leaves room), bytes, rows, rate, time left. */
export function progressLine(event: ProgressEvent, elapsedMs: number, columns: number): string {
  const { bytes, bytesTotal, rows, items, itemsTotal } = event
  const fraction = bytesTotal
    ? Math.min(1, bytes / bytesTotal)
    : itemsTotal
      ? Math.min(1, (items ?? 0) / itemsTotal)
      : undefined
  const phase = wordsOfPhase(event.phase)
  const parts: string[] = []
  if (fraction !== undefined) parts.push(`${Math.floor(fraction * 100)} %`.padStart(5))
  if (bytes > 0) parts.push(bytesTotal ? `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}` : formatBytes(bytes))
  if (rows) parts.push(formatCounted(rows, 'row'))
  if (items !== undefined && itemsTotal) parts.push(`${formatCount(items)}/${formatCount(itemsTotal)}`)
  if (bytes > 0 && elapsedMs > 500) parts.push(`${formatBytes((bytes / elapsedMs) * 1000)}/s`)
  if (fraction !== undefined && fraction > 0.02 && fraction < 1 && elapsedMs > 2000) {
    parts.push(`${formatDuration((elapsedMs / fraction) * (1 - fraction))} left`)
  }
  const text = parts.join('  ')
  const room = Math.min(24, columns - phase.length - text.length - 6)
  const bar = fraction !== undefined && room >= 8 ? ` ${'━'.repeat(Math.round(room * fraction)).padEnd(room, '─')}` : ''
  return `${phase}${bar}  ${text}`
}
