/** What decides whether a request may come from a page of another site. */
export interface CrossSiteFacts {
  method: string
  origin: string | null
  secFetchSite: string | null
  hasCookie: boolean
  referer: string | null
  /** Value of `host`, e.g. `example.com:8443`. */
  host: string | null
  /** Whether `x-requested-with` or `x-lifeboat` is there: only scripts can set it, and only after being let. */
  hasCustomHeader: boolean
  allowedOrigins: readonly string[]
}

/**
 * Why a request is refused as cross-site, or null. Pure.
 *
 * A request with none of `Origin`, `Sec-Fetch-Site` and `Cookie` does not come from a browser's session. Any other
 * must be same-origin, or carry a custom header and come from an allowed origin. `Sec-Fetch-Site: same-origin` is enough:
 * no page can set it, and the browser knows the origin where a proxy has rewritten `Host`. Reads that a browser sends
 * without saying where from (old browsers, plain HTTP) pass: their answers cannot be read across origins.
 */
export function crossSiteRefusal(facts: CrossSiteFacts): string | null {
  const { origin, secFetchSite, hasCookie } = facts
  if (origin === null && secFetchSite === null && !hasCookie) return null
  if (origin !== null && facts.allowedOrigins.includes(origin) && facts.hasCustomHeader) return null
  if (secFetchSite === 'cross-site' || secFetchSite === 'same-site') return `The browser calls it ${secFetchSite}.`
  if (secFetchSite === 'same-origin') return null
  if (origin !== null) return hostOf(origin) === hostOfHeader(facts.host) ? null : 'It comes from another origin.'
  const isRead = facts.method === 'GET' || facts.method === 'HEAD'
  if (secFetchSite === 'none') return isRead ? null : 'It was not sent by a page of this site.'
  if (facts.referer !== null)
    return hostOf(facts.referer) === hostOfHeader(facts.host) ? null : 'It comes from another origin.'
  return isRead ? null : 'It carries a cookie and does not say where it comes from.'
}

/** Host and port of a URL; null when it is none, which equals nothing. */
function hostOf(url: string): string | null {
  try {
    const { host, protocol } = new URL(url)
    return protocol === 'http:' || protocol === 'https:' ? host || null : null
  } catch {
    return null
  }
}

function hostOfHeader(host: string | null): string | undefined {
  if (host === null) return undefined
  // The default port can be written or left out.
  return hostOf(`http://${host}`)?.replace(/:443$/, '') ?? undefined
}
