export function SettingsPage(_: Record<string, unknown>) {
  return <p>Soon</p>
}
