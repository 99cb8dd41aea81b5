export interface QuietHours {
  from: string
  to: string
  timeZone?: string | undefined
}

/** The moment itself, or the end of the quiet hours it lies in. Minutes are walked, so that any change of clocks is right. */
export function afterQuietHours(moment: Date, quiet: QuietHours): Date {
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    ...(quiet.timeZone === undefined ? {} : { timeZone: quiet.timeZone }),
  })
  const isQuiet = (at: Date): boolean => {
    const time = clock.format(at)
    return quiet.from <= quiet.to ? time >= quiet.from && time < quiet.to : time >= quiet.from || time < quiet.to
  }
  if (!isQuiet(moment)) return moment
  const minute = 60_000
  let end = Math.floor(moment.getTime() / minute) * minute
  // No quiet hours last longer than a day and an hour that the clocks repeat.
  for (let step = 0; step < 25 * 60 && isQuiet(new Date(end)); step++) end += minute
  return new Date(end)
}
