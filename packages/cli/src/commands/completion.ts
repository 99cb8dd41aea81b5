import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

export const completionCommand: CommandDefinition = {
  name: 'completion',
  description: 'Print the script that completes commands and options in a shell.',
  examples: [
    'source <(lifeboat completion bash)',
    'lifeboat completion zsh > ~/.lifeboat-completion.zsh',
    'lifeboat completion fish > ~/.config/fish/completions/lifeboat.fish',
  ],
  configure(command) {
    command.argument('<shell>', shells.join(', ')).action(async (asked: string) => {
      const shell = shells.find((name) => name === asked)
      if (!shell)
        throw new EngineError('USAGE', `There is no completion for ${JSON.stringify(asked)}.`, {
          advice: `One of: ${shells.join(', ')}.`,
        })
      const { default: tab } = await import('@bomb.sh/tab')
      tab.setup('lifeboat', 'lifeboat', shell)
    })
  },
}
