import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { schemeOf } from './scheme.ts'

/**
 * Whether a location that came over the network is one of those the host listed: the same path or URL, or one further
 * down below it. Everything else of a URL (server, port, user, each parameter) has to be what was listed, because any of
 * it may lead elsewhere: a region is part of a host name, a key file is a file of this machine.
 */
export function isListedLocation(location: string, listed: readonly string[]): boolean {
  const asked = placeOf(location)
  if (asked === undefined) return false
  return listed.some((entry) => {
    const place = placeOf(entry)
    return (
      place !== undefined &&
      place.where === asked.where &&
      place.path.length <= asked.path.length &&
      place.path.every((part, index) => part === asked.path[index])
    )
  })
}

/** A location in two parts: which store, and the folders in it. Undefined for what leads out of its folders. */
function placeOf(location: string): { where: string; path: string[] } | undefined {
  if (location.includes('\0')) return undefined
  const scheme = schemeOf(location)
  try {
    if (scheme === undefined) return { where: 'file:', path: partsOf(resolve(location)) }
    if (scheme === 'file') return { where: 'file:', path: partsOf(resolve(fileURLToPath(location))) }
    const url = new URL(location)
    // A slash that was escaped is one to the store: the path is compared as the store sees it.
    const path = partsOf(decodeURIComponent(url.pathname))
    if (url.password !== '' || url.hash !== '' || path.some((part) => part === '.' || part === '..')) return undefined
    const parameters = [...url.searchParams].map(([name, value]) => `${name}=${value}`).sort()
    return { where: JSON.stringify([scheme, url.username, url.host, parameters]), path }
  } catch {
    return undefined
  }
}

const partsOf = (path: string) => path.split('/').filter(Boolean)
