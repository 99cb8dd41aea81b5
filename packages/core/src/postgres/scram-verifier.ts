import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/**
 * A password as the server keeps it (RFC 5802), so that it is in no statement and no log. A client hashes it as often as
 * `iterations` says, each time it connects.
 */
export function scramVerifier(password: string, iterations: number): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}
