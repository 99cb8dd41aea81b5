import { EngineError, isEngineError } from '@lifeboat/core'
import { adviceFor } from '@lifeboat/core/actions'
import { plainText } from './format.ts'

/** An error as people get to see it: what, code, cause, what to do. One screen, no stack. */
export function describeError(error: unknown): string {
  if (!isEngineError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return `lifeboat: ${plainText(message)}\n`
  }
  const [what = '', ...more] = adviceFor('command', error.messageTemplate).split('\n')
  const lines = [`lifeboat: ${plainText(what)}`]
  // What a program said, below: never anything that could pass for the lines that follow.
  lines.push(...more.slice(0, 8).map((line) => `  | ${plainText(line)}`))
  lines.push(`  code    ${error.code}`)
  const cause = causeOf(error)
  if (cause) lines.push(`  cause   ${plainText(cause)}`)
  lines.push(`  advice  ${plainText(adviceOf(error))}`)
  return `${lines.join('\n')}\n`
}

/** The same as a document for `--json`. */
export function errorDocument(error: unknown): {
  error: { code: string; message: string; advice: string; detail: unknown }
} {
  if (!isEngineError(error)) {
    return {
      error: {
        code: 'INTERNAL',
        message: error instanceof Error ? error.message : String(error),
        advice: '',
        detail: {},
      },
    }
  }
  return { error: { code: error.code, message: error.message, advice: adviceOf(error), detail: error.detail } }
}

/** What commander says of a command line it does not understand, as one of our errors. */
export function usageError(said: string, command: string | undefined): EngineError {
  const [what = '', ...more] = said.replace(/^error: /, '').split('\n')
  const message = `${what.charAt(0).toUpperCase()}${what.slice(1)}.`
  const help = `See \`lifeboat ${command === undefined ? '' : `${command} `}--help\`.`
  return new EngineError('USAGE', message, {
    advice: [...more.map((hint) => hint.replace(/^\((.*)\)$/, '$1')), help].join(' '),
  })
}

const adviceOf = (error: EngineError): string => adviceFor('command', error.adviceTemplate)

export function exitCodeOf(error: unknown): number {
  if (!isEngineError(error)) return 1
  const { exit_code } = error.detail
  // The program that was guarded has the word.
  return error.code === 'DEPLOY_FAILED' && typeof exit_code === 'number' ? exit_code : error.exitCode
}

function causeOf(error: EngineError): string | undefined {
  const { cause } = error
  if (!(cause instanceof Error) || error.message.includes(cause.message)) return undefined
  return cause.message.split('\n').slice(0, 4).join('; ')
}
