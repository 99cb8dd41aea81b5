/** A parser of both text formats, written from their specifications; it throws at the first thing that they do not allow. */
export interface ParsedFamily {
  name: string
  type: string
  help: string
  unit: string | null
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

export function parseMetrics(text: string, format: 'prometheus' | 'openmetrics'): Map<string, ParsedFamily> {
  const isOpen = format === 'openmetrics'
  if (!text.endsWith('\n')) throw new Error('The last line has no end.')
  const lines = text.slice(0, -1).split('\n')
  if (isOpen && lines.pop() !== '# EOF') throw new Error('It does not end with # EOF.')
  const families = new Map<string, ParsedFamily>()
  const seen = new Set<string>()
  let current: ParsedFamily | undefined
  const open = (name: string): ParsedFamily => {
    if (current?.name === name) return current
    if (families.has(name)) throw new Error(`The lines of ${name} are not together.`)
    current = { name, type: '', help: '', unit: null, samples: [] }
    families.set(name, current)
    return current
  }
  for (const line of lines) {
    if (line !== line.trimEnd() || line === '')
      throw new Error(`A line is empty, or ends in blanks: ${JSON.stringify(line)}`)
    if (line.startsWith('#')) {
      const match = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
      if (!match) throw new Error(`No comment of the format: ${line}`)
      const [, word = '', name = '', rest = ''] = match
      const family = open(name)
      if (family.samples.length > 0) throw new Error(`${word} of ${name} comes after its samples.`)
      note(family, word, rest, isOpen)
      continue
    }
    const sample = parseSample(line)
    if (!current) throw new Error(`A sample without a family: ${line}`)
    if (sample.name !== sampleName(current, isOpen)) throw new Error(`${sample.name} is no sample of ${current.name}.`)
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
    if (seen.has(key)) throw new Error(`Twice: ${key}`)
    seen.add(key)
    if (current.type === 'counter' && !(sample.value >= 0)) throw new Error(`A counter below 0: ${line}`)
    if (current.type === 'info' && sample.value !== 1) throw new Error(`An info that is not 1: ${line}`)
    current.samples.push(sample)
  }
  for (const { name, type, help, unit } of families.values()) {
    if (type === '' || help === '') throw new Error(`${name} lacks its type or its help.`)
    if (unit !== null && !name.endsWith(`_${unit}`)) throw new Error(`${name} does not end in its unit ${unit}.`)
    if (!isOpen && (type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}.`)
  }
  return families
}

function note(family: ParsedFamily, word: string, rest: string, isOpen: boolean): void {
  const types = ['gauge', 'counter', ...(isOpen ? ['info'] : [])]
  if (word === 'HELP') family.help = unescaped(rest, isOpen ? '\\n"' : '\\n')
  else if (word === 'UNIT' && isOpen) family.unit = rest
  else if (word === 'TYPE' && types.includes(rest)) family.type = rest
  else throw new Error(`${word} of ${family.name} cannot be ${rest}.`)
}

function sampleName({ name, type }: ParsedFamily, isOpen: boolean): string {
  return isOpen && type === 'counter' ? `${name}_total` : isOpen && type === 'info' ? `${name}_info` : name
}

function parseSample(line: string): ParsedFamily['samples'][number] {
  const [name = ''] = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line) ?? []
  if (name === '') throw new Error(`No name: ${line}`)
  const labels: Record<string, string> = {}
  let at = name.length
  if (line[at] === '{') {
    do {
      const match = /^[{,]([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"/.exec(line.slice(at))
      if (!match) throw new Error(`No label at ${at}: ${line}`)
      const [whole, label = '', value = ''] = match
      if (Object.hasOwn(labels, label)) throw new Error(`The label ${label} twice: ${line}`)
      labels[label] = unescaped(value, '\\n"')
      at += whole.length
    } while (line[at] === ',')
    if (line[at] !== '}') throw new Error(`The labels do not end: ${line}`)
    at++
  }
  const number = /^ ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/.exec(line.slice(at))?.[1]
  if (number === undefined) throw new Error(`No value: ${line}`)
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) }
}

function unescaped(text: string, allowed: string): string {
  return text.replaceAll(/\\(.?)/g, (_, character: string) => {
    if (character === '' || !allowed.includes(character)) throw new Error(`No escape: \\${character}`)
    return character === 'n' ? '\n' : character
  })
}
