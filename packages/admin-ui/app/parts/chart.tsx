import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

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
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false } },
      { ...axis, size: 66, values: (_plot, values) => values.map(format) },
    ],
    series: [
      { label: 'time', value: (_plot, at) => (at === null ? '' : moment.format(new Date(at * 1000))) },
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

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A colour as a canvas takes it: the variable holds one for each theme. */
function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
