import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { locale } from '../texts/language.ts'
import { t } from '../texts/texts.ts'

interface Series {
  name: string
  values: readonly number[]
  /** Name of a colour of tokens.css. */
  tone: string
}

interface ChartProps {
  label: string
  /** Seconds since 1970, ascending. */
  times: readonly number[]
  series: readonly Series[]
  format(value: number): string
}

const height = 190

/** Lines over time. The figures under the pointer are told below it; `label` says what it shows. */
export function Chart({ label, times, series, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = place.current
    if (!element) return
    let plot: UPlot | undefined
    const draw = () => {
      plot?.destroy()
      plot = new UPlot(
        optionsFor(element, series, format),
        [[...times], ...series.map(({ values }) => [...values])],
        element,
      )
    }
    draw()
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    // Colours are drawn, not styled: another theme is another drawing.
    const themed = new MutationObserver(draw)
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      resized.disconnect()
      themed.disconnect()
      dark.removeEventListener('change', draw)
      plot?.destroy()
    }
  }, [times, series, format])
  return <div ref={place} className="chart" role="img" aria-label={label} />
}

function optionsFor(element: HTMLElement, series: readonly Series[], format: (value: number) => string): UPlot.Options {
  const axis = {
    stroke: colour(element, '--muted'),
    grid: { stroke: colour(element, '--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height,
    cursor: { y: false },
    // Of a few minutes no seconds are told: at least an hour is shown.
    scales: {
      x: { range: (_plot, low, high) => widened(low, high) },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    // Filled like the lines: an empty box says nothing of a colour.
    legend: { markers: { fill: (plot, index) => strokeOf(plot, index) } },
    axes: [
      { ...axis, grid: { show: false }, space: 80, incrs: steps, values: (_plot, splits) => moments(splits) },
      { ...axis, size: 66, values: (_plot, values) => values.map(format) },
    ],
    series: [
      { label: t('time'), value: (_plot, at) => (at === null ? '' : moment.format(new Date(at * 1000))) },
      ...series.map(({ name, tone }) => ({
        label: name,
        stroke: colour(element, tone),
        width: 2,
        points: { show: true, size: 5, fill: colour(element, tone) },
        value: (_plot: UPlot, value: number | null) => (value === null ? '' : format(value)),
      })),
    ],
  }
}

function strokeOf({ series }: UPlot, index: number): string {
  const stroke: unknown = series[index]?.stroke
  return String(typeof stroke === 'function' ? stroke() : (stroke ?? 'transparent'))
}

function widened(low: number, high: number): [number, number] {
  const lacking = Math.max(0, hour - (high - low)) / 2
  return [low - lacking, high + lacking]
}

const [minute, hour, day] = [60, 3600, 86_400]
/** Seconds between two marks below the chart. */
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365].map((n) => n * day),
]
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
const date = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' })
const month = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric' })

/** Marks in as few words as tell them apart. */
function moments(splits: readonly number[]): string[] {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0)
  const format = step < day ? clock : step < 30 * day ? date : month
  return splits.map((at) => format.format(new Date(at * 1000)))
}

const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

/** A colour as a canvas takes it: the variable holds one for each theme. */
function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
