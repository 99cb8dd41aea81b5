/** One figure, for each combination of labels. The shape that prom-client's `get()` gives. */
export interface MetricFamily {
  name: string
  help: string
  type: 'gauge' | 'counter' | 'info'
  values: { labels: Record<string, string>; value: number }[]
  /** How a process that gathers from several takes them: all have the same. */
  aggregator: 'first'
}

export const metricFormats = ['prometheus', 'openmetrics'] as const
export type MetricFormat = (typeof metricFormats)[number]

export const metricContentTypes: Readonly<Record<MetricFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

const units = ['seconds', 'bytes', 'ratio']

/** Families as text: Prometheus' own format 0.0.4, or OpenMetrics 1.0.0. Names and labels are ours; values can be anything. */
export function metricText(families: readonly MetricFamily[], format: MetricFormat): string {
  const isOpen = format === 'openmetrics'
  const lines = families.flatMap((family) => {
    const { name, type, help, values } = family
    const suffix = { counter: '_total', info: '_info', gauge: '' }[type]
    const title = isOpen ? name.slice(0, name.length - suffix.length) : name
    const kind = type === 'info' && !isOpen ? 'gauge' : type
    const unit = units.find((one) => title.endsWith(`_${one}`))
    return [
      `# HELP ${title} ${escapeHelp(help, isOpen)}`,
      `# TYPE ${title} ${kind}`,
      ...(isOpen && unit ? [`# UNIT ${title} ${unit}`] : []),
      ...values.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`),
    ]
  })
  return `${[...lines, ...(isOpen ? ['# EOF'] : [])].join('\n')}\n`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeLabel = (text: string): string =>
  text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

function escapeHelp(text: string, isOpen: boolean): string {
  const escaped = text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

/**
 * What a client would rather have, by its Accept header: OpenMetrics only where it is asked for, and not liked less than plain
 * text.
 */
export function metricFormatFor(accept: string): MetricFormat {
  const weights = accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    return { type, q: Number.isFinite(q) ? q : 0 }
  })
  const of = (...types: string[]) =>
    Math.max(0, ...weights.filter(({ type }) => types.includes(type)).map(({ q }) => q))
  const open = of('application/openmetrics-text')
  return open > 0 && open >= of('text/plain') ? 'openmetrics' : 'prometheus'
}
