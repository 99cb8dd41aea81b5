export function ActivityPage(_: Record<string, unknown>) {
  return <p>Soon</p>
}
