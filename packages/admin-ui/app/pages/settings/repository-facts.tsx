import { useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { brief } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Facts, Panel } from '../../parts/panel.tsx'

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
    <Panel title="Repository">
      <Loaded query={repository} rows={4}>
        {({ id, location, encryption, format, created_at: made, fingerprint }) => (
          <Facts
            of={[
              ['Place', <code key="">{location}</code>],
              ['Encryption', encryption === 'none' ? 'none' : encryption],
              ['Made', brief(made)],
              ['Format', String(format)],
              ['Id', <code key="">{id}</code>],
              ['Fingerprint', <code key="">{fingerprint}</code>],
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
