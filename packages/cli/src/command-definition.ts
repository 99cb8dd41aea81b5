import type { Command } from 'commander'

/** What a file in commands/ exports: one command, with its options, examples and action. */
export interface CommandDefinition {
  name: string
  description: string
  /** Shown below the options of `--help`. */
  examples: readonly string[]
  configure(command: Command, signal: AbortSignal): void
}
