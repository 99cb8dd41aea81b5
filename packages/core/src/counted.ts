/** `1 role`, `1,200 roles`: a number and what it counts. The plural is given where it is not the word and an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${withThousands(count)} ${count === 1 ? one : many}`
}

/** `12,345`. Not by toLocaleString, whose tables of languages take their time to load. */
export function withThousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
