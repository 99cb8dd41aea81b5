import { useSession } from '../../api/session.tsx'
import { SelectField } from '../../parts/field.tsx'

const zones = Intl.supportedValuesOf('timeZone')

/** The zone in which a schedule is meant; the server's own is named. */
export function TimeZoneField({ value, onChange }: { value: string; onChange(zone: string): void }) {
  const { time_zone: server } = useSession()
  const all = value === '' || zones.includes(value) ? zones : [value, ...zones]
  return (
    <SelectField
      label="Time zone"
      hint={`The server is in ${server}; times on these pages are in yours, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">As the server: {server}</option>
      {all.map((zone) => (
        <option key={zone}>{zone}</option>
      ))}
    </SelectField>
  )
}
