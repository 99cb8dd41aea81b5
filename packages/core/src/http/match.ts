import { HttpProblem } from './problem.ts'
import type { Method, Route } from './route.ts'

export interface Match {
  route: Route
  params: Record<string, string>
}

/** Finds the route of a path, with or without slashes at its ends. 404 not_found, 405 method_not_allowed. */
export function createMatcher(routes: readonly Route[]): (method: string, path: string) => Match {
  const rows = routes.flatMap((route) =>
    [route.path, ...(route.alias === undefined ? [] : [route.alias])].map((path) => ({
      route,
      parts: path.split('/'),
    })),
  )
  return (method, path) => {
    const parts = path.split('/').filter(Boolean).map(decode)
    const found = rows.flatMap(({ route, parts: pattern }) => {
      const params = paramsOf(pattern, parts)
      return params ? [{ route, params }] : []
    })
    // `tasks/pause` is a word of its own, not the id of a task.
    const literal = found.sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length)
    const asked = method === 'HEAD' ? 'GET' : method
    const match = literal.find(({ route }) => route.method === (asked as Method))
    if (match) return match
    if (found.length === 0) throw new HttpProblem(404, 'not_found', 'There is nothing at this path.')
    const given = new Set(found.map(({ route }) => route.method))
    const allow = (['GET', 'POST', 'DELETE'] as const).filter((one) => given.has(one)).join(', ')
    throw new HttpProblem(405, 'method_not_allowed', `This path takes ${allow}.`, { headers: { allow } })
  }
}

function paramsOf(pattern: string[], parts: string[]): Record<string, string> | null {
  const wanted = pattern.length === 1 && pattern[0] === '' ? [] : pattern
  if (wanted.length !== parts.length) return null
  const params: Record<string, string> = {}
  for (const [index, word] of wanted.entries()) {
    const part = parts[index] as string
    if (word.startsWith(':')) params[word.slice(1)] = part
    else if (word !== part) return null
  }
  return params
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new HttpProblem(400, 'malformed', 'The path is not well encoded.')
  }
}
