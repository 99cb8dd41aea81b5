/** Gives one string for all that are equal: of ten thousand tables in one schema, its name is held once. */
export function createInterner(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const first = known.get(text)
    if (first !== undefined) return first
    known.set(text, text)
    return text
  }
}
