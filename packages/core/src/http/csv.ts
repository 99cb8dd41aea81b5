/** Whether the client would rather have CSV than JSON. */
export function wantsCsv(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return accept.includes('text/csv') && !accept.includes('application/json')
}

export function csvResponse(text: string, fileName: string): Response {
  return new Response(text, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${fileName}"`,
      'cache-control': 'no-store',
    },
  })
}
