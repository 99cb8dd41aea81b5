import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Actor, EngineError } from '@lifeboat/core'
import { systemUser } from '@lifeboat/core/actions'
import type { HandlerOptions } from '@lifeboat/core/http'

const leastLength = 16

/** The token of a file or of LIFEBOAT_TOKEN; undefined where neither is given. */
export async function readToken(file: string | undefined): Promise<string | undefined> {
  const given =
    file === undefined
      ? process.env.LIFEBOAT_TOKEN
      : await readFile(resolve(file), 'utf8').catch((cause: unknown) => {
          throw new EngineError('USAGE', `The file "${file}" cannot be read.`, { cause })
        })
  const token = given?.trim()
  if (token === undefined || (file === undefined && token === '')) return undefined
  if (token.length < leastLength || !/^[!-~]+$/.test(token))
    throw new EngineError('USAGE', `A token has at least ${leastLength} characters, none of them a space.`, {
      advice: 'Make one with: openssl rand -hex 32',
    })
  return token
}

/** A token for one run, where none is given. */
export const randomToken = (): string => randomBytes(24).toString('hex')

/** Who sends the token is an administrator: as a bearer token or, as browsers do, as the password of any name. */
export function authorizeWith(token: string): HandlerOptions['authorize'] {
  const wanted = digest(token)
  const actor: Actor = { id: `token of ${systemUser()}`, role: 'admin' }
  return (request) =>
    timingSafeEqual(digest(sentToken(request.headers.get('authorization') ?? '')), wanted) ? actor : null
}

function sentToken(header: string): string {
  const [, scheme = '', sent = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(header) ?? []
  if (scheme.toLowerCase() === 'bearer') return sent
  return /:(.*)$/s.exec(Buffer.from(sent, 'base64').toString())?.[1] ?? ''
}

/** Whether only this machine can reach an address to listen on. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

const digest = (text: string) => createHash('sha256').update(text).digest()
