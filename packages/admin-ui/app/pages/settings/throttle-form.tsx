import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useAction } from '../../api/actions.ts'
import { call } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { ActionForm } from '../../forms/action-form.tsx'
import { bytes } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'

/** How fast the repository may be written and read: what holds now, and the way to change it. */
export function ThrottleForm() {
  const { may } = useSession()
  const client = useQueryClient()
  const change = useAction('repository.throttle')
  const throttle = useQuery({
    queryKey: ['throttle'],
    queryFn: ({ signal }) => call('GET throttle', { signal }),
    enabled: may('config:read'),
  })
  if (!may('config:read')) return null
  return (
    <Panel title={t('Throttle')}>
      <Loaded query={throttle} rows={2}>
        {(limits) => (
          <div className="stack">
            <Facts
              of={[
                [t('Upload'), rate(limits.upload)],
                [t('Download'), rate(limits.download)],
              ]}
            />
            {change && (
              <ActionForm
                key={JSON.stringify(limits)}
                action={change}
                initial={limits}
                submit={t('Change the throttle')}
                onDone={(answer) => client.setQueryData(['throttle'], answer)}
                view={() => null}
              />
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  )
}

const rate = (limit: number): string => (limit === 0 ? t('no limit') : t('{size} per second', { size: bytes(limit) }))
