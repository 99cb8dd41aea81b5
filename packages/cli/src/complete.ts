import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** Answers the script of `lifeboat completion`: what can follow the words typed so far. */
export function complete(program: Command, typed: string[]): void {
  // Its own command for the script is not used: ours has help and errors like every other.
  tab(program, { completionCommandName: 'completion-script' }).parse(typed)
}
