import { EngineError, isEngineError } from '@lifeboat/core'
import { plainText } from './format.ts'

/** An error as people get to see it: what, code, cause, what to do. One screen, no stack. */
export function describeError(error: unknown): string {
  if (!isEngineError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return `lifeboat: ${plainText(message)}\n`
  }
  const [what = '', ...more] = error.message.split('\n')
  const lines = [`lifeboat: ${plainText(what)}`]
  // What a program said, below: never anything that could pass for the lines that follow.
  lines.push(...more.slice(0, 8).map((line) => `  | ${plainText(line)}`))
  lines.push(`  code    ${error.code}`)
  const cause = causeOf(error)
  if (cause) lines.push(`  cause   ${plainText(cause)}`)
  lines.push(`  advice  ${plainText(error.advice)}`)
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
  return { error: { code: error.code, message: error.message, advice: error.advice, detail: error.detail } }
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

export function exitCodeOf(error: unknown): number {
  return isEngineError(error) ? error.exitCode : 1
}

function causeOf(error: EngineError): string | undefined {
  const { cause } = error
  if (!(cause instanceof Error) || error.message.includes(cause.message)) return undefined
  return cause.message.split('\n').slice(0, 4).join('; ')
}
