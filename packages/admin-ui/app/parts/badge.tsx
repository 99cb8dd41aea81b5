import { words } from './format.ts'

export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'calm'

const tones: Record<string, Tone> = {
  completed: 'ok',
  succeeded: 'ok',
  confirmed: 'ok',
  ok: 'ok',
  same: 'ok',
  running: 'busy',
  pending: 'busy',
  approved: 'ok',
  waiting: 'warn',
  rejected: 'bad',
  queued: 'calm',
  behind: 'warn',
  warning: 'warn',
  cancelled: 'calm',
  undone: 'calm',
  interrupted: 'warn',
  unknown: 'warn',
  failed: 'bad',
  ahead: 'bad',
  diverged: 'bad',
  edited: 'bad',
  dirty: 'bad',
}

export const toneOf = (status: string): Tone => tones[status] ?? 'calm'

/** A word with a colour; the word says it all. */
export function Badge({ status, tone, children }: { status: string; tone?: Tone; children?: string }) {
  return <span className={`badge ${tone ?? toneOf(status)}`}>{children ?? words(status)}</span>
}
