import type { Known } from '../checklist/checklist-facts.ts'

/** All that reminders are judged by. */
export interface ReminderFacts {
  now: Date
  /** When the repository was made. */
  since: Known<string>
  /** Jobs that failed or were broken off in the last 7 days, and when the last of them ended. */
  failures: Known<{ count: number; lastAt: string | null }>
  /** Titles of the points of the production checklist that are open. */
  openPoints: Known<readonly string[]>
  /** When the newest good drill of each configured database ended; null: there was none. */
  drills: Known<readonly { label: string; goodAt: string | null }[]>
  /** When the newest good drill that read a copy ended; `copies`: how many are configured. */
  copyDrill: Known<{ copies: number; goodAt: string | null }>
  encryption: Known<'aes-256-gcm' | 'none'>
  /** When the newest key was made. */
  keyMadeAt: Known<string | null>
  /** When the recovery kit was last taken. */
  kitTakenAt: Known<string | null>
}
