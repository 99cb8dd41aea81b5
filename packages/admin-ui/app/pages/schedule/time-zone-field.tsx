import { useSession } from '../../api/session.tsx'
import { SelectField } from '../../parts/field.tsx'
import { t } from '../../texts/texts.ts'

const zones = Intl.supportedValuesOf('timeZone')

/** The zone in which a schedule is meant; the server's own is named. */
export function TimeZoneField({ value, onChange }: { value: string; onChange(zone: string): void }) {
  const { time_zone: server } = useSession()
  const all = value === '' || zones.includes(value) ? zones : [value, ...zones]
  return (
    <SelectField
      label={t('Time zone')}
      hint={t('The server is in {server}; times on these pages are in yours, {own}.', {
        server,
        own: Intl.DateTimeFormat().resolvedOptions().timeZone,
      })}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{t('As the server: {server}', { server })}</option>
      {all.map((zone) => (
        <option key={zone}>{zone}</option>
      ))}
    </SelectField>
  )
}
