import type { Narrator } from './narrator.ts'
import type { Programs } from './programs.ts'
import type { Stage } from './stage.ts'

/** What a chapter of the demo plays with. */
export interface Scene extends Stage {
  narrator: Narrator
  signal: AbortSignal
  /** The command, where release 1 of the shop is deployed. */
  release1: Programs
  release2: Programs
}
