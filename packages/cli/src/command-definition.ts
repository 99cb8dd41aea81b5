import type { ActionName, AnyAction } from '@lifeboat/core/actions'
import type { Command } from 'commander'

/** What a file in commands/ exports: one command, with its options, examples and action. */
export interface CommandDefinition {
  name: string
  description: string
  /** Shown below the options of `--help`. */
  examples: readonly string[]
  /** The action it runs: its inputs are options of the command, but for those that the command spells in its own way. */
  action?: ActionName
  /** Inputs that the command takes in its own way. */
  own?: readonly string[]
  configure(command: Command, signal: AbortSignal, action: AnyAction | undefined): void
}
