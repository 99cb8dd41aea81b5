/** One event as a client sees it. */
export interface SeenEvent {
  id?: string
  event: string
  data: Record<string, unknown>
}

/** Reads the events of a stream until it ends. */
export async function* readEvents(response: Response): AsyncGenerator<SeenEvent> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end < 0) break
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .filter((line) => !line.startsWith(':'))
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      )
      text = text.slice(end + 2)
      if (fields.event) yield { ...fields, event: fields.event, data: JSON.parse(fields.data ?? '{}') }
    }
  }
}
