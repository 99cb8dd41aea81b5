/** Bytes for people, in decimal units: `1.23 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 'B'
  for (const next of units) {
    if (value < 999.5) break
    value /= 1000
    unit = next
  }
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`
}

/** `850 ms`, `3.4 s`, `2 min 05 s`, `3 h 07 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${pad(Math.floor(seconds % 60))} s`
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

/** `just now`, `5 minutes ago`, `3 days ago`. */
export function formatAge(ms: number): string {
  const steps: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ]
  for (const [size, name] of steps) {
    const count = Math.floor(ms / size)
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}

/** `12,345`. Not by toLocaleString, which loads its tables of languages for it: 10 ms of each run. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 row`, `1,200 rows`: the plural is given where it is not the word and an s. */
export function formatCounted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** `2026-11-22 14:03:05 +01:00`, or `… UTC`, in the viewer's zone. */
export function formatTime(iso: string): string {
  const date = new Date(iso)
  const offset = offsetOf(date)
  return `${dayAndMinute(date)}:${pad(date.getSeconds())} ${offset === 'Z' ? 'UTC' : offset}`
}

/** For tables: `2026-11-22 14:03+01:00`, or `2026-11-22 14:03Z`. */
export function formatMinute(iso: string): string {
  const date = new Date(iso)
  return `${dayAndMinute(date)}${offsetOf(date)}`
}

function dayAndMinute(date: Date): string {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`
}

/** As ISO 8601 writes it, of the moment: summer and winter differ. */
function offsetOf(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

/**
 * Text from a backup or a server, safe for a terminal: no control characters get through, nor those that turn text
 * around, hide it or end a line.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const short = JSON.stringify(character).slice(1, -1)
    if (short !== character) return short
    // JSON leaves all but the first of them as they are: DEL, C1, the marks of direction.
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
