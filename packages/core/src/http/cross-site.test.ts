import { expect, test } from 'vitest'
import { type CrossSiteFacts, crossSiteRefusal } from './cross-site.ts'

const none: CrossSiteFacts = {
  method: 'POST',
  origin: null,
  secFetchSite: null,
  hasCookie: false,
  referer: null,
  host: 'app.example:8443',
  hasCustomHeader: false,
  allowedOrigins: ['https://admin.example'],
}
const own = 'https://app.example:8443'
const other = 'https://evil.example'

test.each<[string, Partial<CrossSiteFacts>, 'passes' | 'refused']>([
  ['curl', {}, 'passes'],
  ['curl that sends a custom header', { hasCustomHeader: true }, 'passes'],
  ['the own page', { origin: own, secFetchSite: 'same-origin', hasCookie: true }, 'passes'],
  ['the own page over a TLS proxy', { origin: 'http://app.example:8443', hasCookie: true }, 'passes'],
  ['the default port written out by one of them', { origin: 'https://app.example', host: 'app.example:443' }, 'passes'],
  ['the own page in a browser that sends its site only', { secFetchSite: 'same-origin', hasCookie: true }, 'passes'],
  ['another page', { origin: other }, 'refused'],
  ['another page, with a custom header', { origin: other, hasCustomHeader: true }, 'refused'],
  ['another port of the same host', { origin: 'https://app.example:9999' }, 'refused'],
  ['a sandboxed page', { origin: 'null', hasCookie: true }, 'refused'],
  ['an origin that is no URL', { origin: '%%%' }, 'refused'],
  ['an extension', { origin: 'chrome-extension://app.example:8443' }, 'refused'],
  ['no host to compare with', { origin: own, host: null }, 'refused'],
  [
    'the own page behind a proxy that rewrites Host',
    { origin: own, host: '127.0.0.1:3000', secFetchSite: 'same-origin', hasCookie: true },
    'passes',
  ],
  ['the same over plain HTTP, where browsers say less', { origin: own, host: '127.0.0.1:3000' }, 'refused'],
  ['a subdomain', { secFetchSite: 'same-site', hasCookie: true }, 'refused'],
  ['a form of another site', { method: 'POST', origin: other, secFetchSite: 'cross-site', hasCookie: true }, 'refused'],
  ['a link on another site', { method: 'GET', secFetchSite: 'cross-site' }, 'refused'],
  ['an address typed in', { method: 'GET', secFetchSite: 'none', hasCookie: true }, 'passes'],
  ['a form submitted from the address bar', { secFetchSite: 'none', hasCookie: true }, 'refused'],
  [
    'an allowed origin with a custom header',
    { origin: 'https://admin.example', secFetchSite: 'cross-site', hasCustomHeader: true },
    'passes',
  ],
  ['an allowed origin without one', { origin: 'https://admin.example', secFetchSite: 'cross-site' }, 'refused'],
  ['a cookie and nothing else, reading', { method: 'GET', hasCookie: true }, 'passes'],
  ['a cookie and nothing else, writing', { hasCookie: true }, 'refused'],
  ['a cookie and a custom header, writing', { hasCookie: true, hasCustomHeader: true }, 'refused'],
  ['an old browser on the own page', { hasCookie: true, referer: `${own}/page` }, 'passes'],
  ['an old browser on another page, reading', { method: 'GET', hasCookie: true, referer: `${other}/` }, 'refused'],
])('%s', (_, facts, expected) => {
  expect(crossSiteRefusal({ ...none, ...facts }) === null ? 'passes' : 'refused').toBe(expected)
})
