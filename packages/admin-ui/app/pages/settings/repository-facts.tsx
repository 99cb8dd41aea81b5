import { useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { brief } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'

/** Where the repository is, and how it is told from one that another person made. */
export function RepositoryFacts() {
  const { may } = useSession()
  const repository = useQuery({
    queryKey: ['repository'],
    queryFn: ({ signal }) => call('GET repository', { signal }),
    enabled: may('config:read'),
  })
  if (!may('config:read')) return null
  return (
    <Panel title={t('Repository')}>
      <Loaded query={repository} rows={4}>
        {({ id, location, encryption, format, created_at: made, fingerprint }) => (
          <Facts
            of={[
              [t('Place'), <code key="">{location}</code>],
              [t('Encryption'), encryption === 'none' ? t('none') : encryption],
              [t('Made'), brief(made)],
              [t('Format'), String(format)],
              [t('Id'), <code key="">{id}</code>],
              [t('Fingerprint'), <code key="">{fingerprint}</code>],
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
