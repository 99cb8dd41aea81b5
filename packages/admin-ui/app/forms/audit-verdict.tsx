import { Badge } from '../parts/badge.tsx'
import { known, t } from '../texts/texts.ts'
import { ResultView } from './result-view.tsx'

interface Problem {
  seq: number
  text: string
}

export interface AuditVerdictAnswer {
  state: 'intact' | 'unproven' | 'broken'
  first: (Problem & { chain: string | null }) | null
  witnesses: number
  chains: {
    chain: string | null
    catalog: string
    in_catalog: boolean
    state: string
    events: number
    anchored_to: number
    anchored_at: string | null
    unanchored: number
    unsealed: { from: number; to: number }[]
    problems: Problem[]
    doubt: Problem | null
  }[]
}

const said = { intact: 'Nothing was changed.', unproven: 'It cannot be said.', broken: 'It was changed.' } as const
const tones = { intact: 'ok', unproven: 'warn', broken: 'bad' } as const

/** Whether the audit log is what was recorded, and the first place where it is not. */
export function AuditVerdict({ state, first, witnesses, chains }: AuditVerdictAnswer) {
  const problems = chains.flatMap((chain) => [...chain.problems, ...(chain.doubt ? [chain.doubt] : [])])
  return (
    <div className="stack">
      <p className={`note ${tones[state]}`}>
        <Badge status={state} tone={tones[state]} /> {t(said[state])}
        {first && ` ${t('First bad place: event {seq}. {text}', { seq: first.seq, text: known(first.text) })}`}
      </p>
      <ResultView
        label={t('Chains of events')}
        value={chains.map((chain) => ({
          ...{ catalog: chain.in_catalog ? t('this one') : chain.catalog, chain: chain.chain, state: chain.state },
          ...{ events: chain.events, in_the_repository: chain.anchored_to, since_at: chain.anchored_at },
          ...{
            not_there_yet: chain.unanchored,
            without_seal: chain.unsealed.map(({ from, to }) => t('{from} to {to}', { from, to })),
          },
        }))}
      />
      {problems.length > 1 && (
        <ResultView label={t('Bad places')} value={problems.map(({ seq, text }) => ({ event: seq, what: text }))} />
      )}
      <p className="muted">{t('{n} backup compared. | {n} backups compared.', { n: witnesses })}</p>
    </div>
  )
}
