import { HttpProblem } from './problem.ts'

/** Reads a JSON body of at most `limit` bytes; no body is `{}`. 400 malformed, 413 too_large, 415 unsupported. */
export async function readJsonBody(request: Request, limit: number): Promise<unknown> {
  const tooLarge = () =>
    new HttpProblem(413, 'too_large', `The body has more than ${limit} bytes.`, { headers: { connection: 'close' } })
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (request.body)
    for await (const chunk of request.body) {
      bytes += chunk.length
      if (bytes > limit) throw tooLarge()
      chunks.push(chunk)
    }
  if (bytes === 0) return {}
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  // A form can be sent by any page of any site without asking; JSON cannot.
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type))
    throw new HttpProblem(415, 'unsupported_media_type', 'The body must be application/json.')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    throw new HttpProblem(400, 'malformed', 'The body is not JSON.')
  }
}
