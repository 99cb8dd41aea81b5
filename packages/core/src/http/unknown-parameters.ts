import { nearestName } from '../nearest-name.ts'
import { HttpProblem } from './problem.ts'
import type { Route } from './route.ts'

/** A parameter that a route does not know is refused: to ignore a misspelled filter would answer another question. */
export function refuseUnknownParameters({ query, confirms }: Route, asked: Readonly<Record<string, string>>): void {
  const known = new Set([...Object.keys(query?.shape ?? {}), ...(confirms ? ['confirm'] : [])])
  const errors = Object.keys(asked)
    .filter((name) => !known.has(name))
    .map((name) => {
      const nearest = nearestName(name, known)
      return { path: name, message: `This parameter is not known.${nearest ? ` Do you mean "${nearest}"?` : ''}` }
    })
  if (errors.length === 0) return
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join('; ')
  throw new HttpProblem(400, 'invalid', detail, { extra: { errors } })
}
