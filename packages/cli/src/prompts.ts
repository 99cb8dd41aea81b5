import { EngineError } from '@lifeboat/core'
import { plainText } from './output/format.ts'

/** Loaded when the user is asked: most runs ask nothing. */
const prompts = () => import('@clack/prompts')

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks for a passphrase without showing it. */
export async function askPassphrase({ twice }: { twice: boolean }): Promise<string> {
  const { password } = await prompts()
  const first = answered(
    await password({
      message: twice ? 'Passphrase for the new repository' : 'Passphrase of the repository',
      output: process.stderr,
    }),
  )
  if (first === '') throw new EngineError('KEY_MISSING', 'The passphrase is empty.')
  if (twice && first !== answered(await password({ message: 'The same again', output: process.stderr }))) {
    throw new EngineError('USAGE', 'The two passphrases differ.', { advice: 'Try again.' })
  }
  return first
}

/** A yes-or-no question; without a terminal the answer is no, and the error says how to say yes. */
export async function askConfirmation(question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!canAsk())
    throw new EngineError('CONFIRMATION_REQUIRED', `Not confirmed: ${question}`, {
      advice: 'There is no terminal to ask on. Repeat with --yes.',
    })
  const { confirm } = await prompts()
  if (!answered(await confirm({ message: plainText(question), initialValue: false, output: process.stderr })))
    throw declined('The answer was no')
}

/** Asks to type a word, for what cannot be taken back lightly. */
export async function askTyped(question: string, word: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!canAsk())
    throw new EngineError('CONFIRMATION_REQUIRED', `Not confirmed: ${question}`, {
      advice: 'There is no terminal to ask on. Repeat with --yes.',
    })
  const { text } = await prompts()
  if (
    answered(
      await text({
        message: plainText(`${question} Type ${JSON.stringify(word)} to go ahead`),
        output: process.stderr,
      }),
    ) !== word
  )
    throw declined(`What was typed is not ${plainText(JSON.stringify(word))}`)
}

/** An answer, not an interruption: exit code 3, as for every other refusal. */
function declined(why: string): EngineError {
  return new EngineError('CONFIRMATION_REQUIRED', `${why}; nothing was changed.`, {
    advice: 'Repeat the command and confirm.',
  })
}

/** A prompt that Ctrl-C ended answers with a symbol. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === 'symbol')
    throw new EngineError('ABORTED', 'Not confirmed; nothing was changed.', {
      advice: 'Repeat the command and confirm.',
    })
  return answer as Exclude<T, symbol>
}
