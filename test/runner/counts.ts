/** `npm run test:long` sets it: every case, with its full count. `npm test` takes some of what is alike. */
export const isLong = process.env.LIFEBOAT_LONG === '1'

/** In the long run all cases; else at most `count` of them, spread evenly over the list, the first among them. */
export function some<T>(cases: readonly T[], count: number): T[] {
  if (isLong || cases.length <= count) return [...cases]
  return Array.from({ length: count }, (_, index) => cases[Math.floor((index * cases.length) / count)] as T)
}

/** How many rounds, runs or rows: few in `npm test`, `full` in the long run. */
export const fewer = (few: number, full: number): number => (isLong ? full : few)
