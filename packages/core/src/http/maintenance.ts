/** What a host answers while a restore swaps its database: `await` a moment, then the same request works. */
export const maintenanceAnswer = {
  status: 503,
  headers: { 'retry-after': '1', 'cache-control': 'no-store', 'content-type': 'application/problem+json' },
  body: JSON.stringify({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    code: 'maintenance',
    detail: 'The database is being replaced by a restored one. Try again in a second.',
  }),
} as const
