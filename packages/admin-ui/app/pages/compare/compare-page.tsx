export function ComparePage(_: Record<string, unknown>) {
  return <p>Soon</p>
}
