import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { createServer } from 'node:http'

/**
 * A key management service of the tests: one key, kept in this process, AES-256-GCM with the context as associated
 * data. Takes its port and its bearer token as arguments, and prints the context of every call.
 */
const [port = '0', token = ''] = process.argv.slice(2)
const key = createHash('sha256').update(`key of ${token}`).digest()

const associated = (context: unknown) =>
  Buffer.from(JSON.stringify(Object.entries(context as Record<string, string>).sort()))

function wrap(bytes: Buffer, context: unknown): Buffer {
  // A nonce out of the content: what is wrapped is random, and the same bytes twice may give the same twice.
  const nonce = createHash('sha256').update(bytes).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(associated(context))
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
}

function unwrap(bytes: Buffer, context: unknown): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(associated(context))
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch {
    return null
  }
}

createServer(async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const action = /^\/keys\/backups\/(wrap|unwrap)$/.exec(request.url ?? '')?.[1]
  if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end()
  if (!action) return response.writeHead(404).end()
  const { bytes, context } = JSON.parse(Buffer.concat(pieces).toString()) as { bytes: string; context: unknown }
  process.stdout.write(`${action} ${JSON.stringify(context)}\n`)
  const given = Buffer.from(bytes, 'base64')
  const answer = action === 'wrap' ? wrap(given, context) : unwrap(given, context)
  if (answer === null) return response.writeHead(422).end()
  response.writeHead(200, { 'content-type': 'application/json' })
  return response.end(JSON.stringify({ bytes: answer.toString('base64') }))
}).listen(Number(port), '127.0.0.1')
