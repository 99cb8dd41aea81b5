import type { TextFormat } from '../actions/action.ts'

/** The form of the answer that is asked for as a text: by `format` in the query, else by Accept; undefined: JSON. */
export function wantedText(
  formats: readonly TextFormat[] | undefined,
  asked: unknown,
  request: Request,
): TextFormat | undefined {
  if (!formats) return undefined
  if (asked !== undefined) return formats.find((format) => format === asked)
  const accepted = (request.headers.get('accept') ?? '').split(',').map((one) => one.split(';')[0]?.trim())
  const first = accepted.find(
    (type) => type === 'application/json' || formats.some((format) => type === `text/${format}`),
  )
  return formats.find((format) => first === `text/${format}`)
}

/** A page may use the style that it brings along, by its hash, and nothing else: neither scripts nor anything from elsewhere. */
export async function textResponse(format: TextFormat, text: string): Promise<Response> {
  const headers = {
    'content-type': `text/${format}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (format !== 'html') return new Response(text, { headers })
  const { planPagePolicy } = await import('../engine/recovery-plan/to-html.ts')
  return new Response(text, { headers: { ...headers, 'content-security-policy': planPagePolicy } })
}
