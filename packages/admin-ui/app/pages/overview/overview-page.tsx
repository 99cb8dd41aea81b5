export function OverviewPage(_: Record<string, unknown>) {
  return <p>Soon</p>
}
