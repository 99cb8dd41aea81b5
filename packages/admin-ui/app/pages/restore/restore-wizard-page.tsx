import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { call } from '../../api/client.ts'
import { useBackup } from '../../api/queries.ts'
import type { BackupDetails, RestoreBody } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { words } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'
import { Confirm } from './confirm.tsx'
import { Options } from './options.tsx'
import { PlanView } from './plan-view.tsx'

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>

/** From a backup to a running restore: what is wanted, what would happen, and a yes that had to be typed. */
export function RestoreWizardPage({ id }: { id: string }) {
  const backup = useBackup(id)
  return (
    <Loaded page query={backup}>
      {(found) =>
        found.status === 'completed' ? (
          <Wizard backup={found} />
        ) : (
          <PageHead
            title={t('Restore')}
            about={t('This backup is {status}. Only a completed one can be restored.', { status: words(found.status) })}
          />
        )
      }
    </Loaded>
  )
}

function Wizard({ backup }: { backup: CompletedBackup }) {
  const { database, may } = useSession()
  const [, navigate] = useLocation()
  const [body, setBody] = useState<RestoreBody>({
    strategy: backup.media_only ? 'media' : 'swap',
    run_migrations: true,
    restore_media: false,
  })
  const target = { params: { id: backup.id }, query: { database } }
  const plan = useQuery({
    queryKey: ['plan', database, backup.id, body],
    queryFn: ({ signal }) => call('POST backups/:id/plan', { ...target, body, signal }),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 30_000,
  })
  const run = useMutation({
    mutationFn: (hash: string) => call('POST backups/:id/restore', { ...target, body: { ...body, confirm: hash } }),
    onSuccess: ({ id }) => navigate(`/restores/${id}`),
    // The plan has changed since it was shown: the new one is shown, and must be confirmed again.
    onError: () => plan.refetch(),
  })
  return (
    <>
      <PageHead
        title={
          backup.name
            ? t('Restore “{name}”', { name: backup.name })
            : t('Restore backup {number}', { number: String(backup.number) })
        }
        about={
          <>
            {tx('<link>No. {number}</link>, made {time}.', {
              number: String(backup.number),
              link: (words) => <Link href={`/backups/${backup.id}`}>{words}</Link>,
              time: <Ago at={backup.created_at} />,
            })}{' '}
            {!backup.media_only && <Link href={`/compare/${backup.id}/live`}>{t('What has changed since?')}</Link>}{' '}
            {t('Nothing happens before you confirm at the end of this page.')}
          </>
        }
      />
      <Panel title={t('1. What you want')}>
        <Options backup={backup} body={body} onChange={(next) => setBody({ ...body, ...next })} />
      </Panel>
      <Loaded query={plan} rows={8}>
        {({ plan: made, plan_hash: hash }) => (
          <div className={plan.isPlaceholderData ? 'stale' : undefined} aria-busy={plan.isPlaceholderData}>
            <PlanView
              plan={made}
              applied={backup.migration_state}
              onOverride={(name) => setBody({ ...body, overrides: [...(body.overrides ?? []), name] })}
              onChange={(next) => setBody({ ...body, ...next })}
            />
            <Panel title={t('3. Confirm')}>
              <Confirm
                key={hash}
                plan={made}
                mayRun={may('restores:run')}
                busy={run.isPending || plan.isFetching}
                error={run.error}
                onConfirm={() => run.mutate(hash)}
              />
            </Panel>
          </div>
        )}
      </Loaded>
    </>
  )
}
