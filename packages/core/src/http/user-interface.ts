/** Pages served beside the API: what `adminUi()` of `@lifeboat/admin-ui` gives. */
export interface UserInterface {
  /** The one page. Its addresses are relative to `ui/`. */
  page: string
  /** By path below `ui/`. */
  files: ReadonlyMap<string, { body: Uint8Array<ArrayBuffer>; contentType: string; immutable: boolean }>
}

/** Everything comes from here, and nothing is written in the page itself. Pictures as data are what icons in CSS are. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** Whether a browser has been pointed here by a person. */
export const wantsPage = (request: Request): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && (request.headers.get('accept') ?? '').includes('text/html')

/**
 * What the pages answer to a path below the mount point, or null where the path is not theirs. The page says by a
 * relative `<base>` where it is, so that it works under any base path, also where a proxy cuts part of it off.
 */
export function userInterfaceAnswer(ui: UserInterface, request: Request, path: string): Response | null {
  if (request.method !== 'GET' && request.method !== 'HEAD') return null
  const isHead = request.method === 'HEAD'
  if (path === '' || path === '/') {
    if (!wantsPage(request)) return null
    // Relative to the folder the browser believes to be in.
    const last = path === '/' ? '' : `${new URL(request.url).pathname.split('/').at(-1)}/`
    return new Response(null, { status: 302, headers: { location: `${last}ui/`, 'cache-control': 'no-store' } })
  }
  if (path !== '/ui' && !path.startsWith('/ui/')) return null
  const below = path.slice('/ui/'.length)
  const file = ui.files.get(below)
  if (file)
    return new Response(isHead ? null : file.body, {
      headers: {
        'content-type': file.contentType,
        'cache-control': file.immutable ? 'private, max-age=31536000, immutable' : 'private, no-cache',
        'x-content-type-options': 'nosniff',
      },
    })
  // A file of another version must not be answered with the page.
  if (below.startsWith('assets/')) return null
  const base = path === '/ui' ? 'ui/' : '../'.repeat(below.split('/').length - 1) || './'
  const page = ui.page.replace('<head>', `<head><base href="${base}" />`)
  return new Response(isHead ? null : page, { headers: pageHeaders })
}

/** For a visitor the host does not know. */
export function notLoggedInPage(): Response {
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Backups: not logged in</title></head>
<body><main>
<h1>You are not logged in</h1>
<p>The application decides who may see its backups. Log in there, then <a href="">open this page again</a>.</p>
</main></body>
</html>
`
  return new Response(page, { status: 401, headers: pageHeaders })
}
