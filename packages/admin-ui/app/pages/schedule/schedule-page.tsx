export function SchedulePage(_: Record<string, unknown>) {
  return <p>Soon</p>
}
