import type { Block, PlanDocument, Sentence } from './document.ts'
import { say } from './document.ts'
import type { PlanDatabase, PlanFacts } from './plan-facts.ts'
import { dataDamaged, keyLost, repositoryGone, serverGone, withoutLifeboat } from './scenarios.ts'
import { stampOf } from './stamp.ts'

const never = 'not measured yet'

/** The plan: what there is, what was measured, and what to type in which case. Holds no secret. Pure. */
export function recoveryPlanOf(facts: PlanFacts): PlanDocument {
  return {
    title: `Disaster-recovery plan of ${facts.application}`,
    blocks: [
      {
        kind: 'paragraph',
        text: say`Made on ${facts.madeAt} by Lifeboat ${facts.version} on the machine ${facts.machine}. It holds no secret. Keep it where neither the server nor the backups are, beside the recovery kit and a key. Commands are for bash or zsh.`,
      },
      ...decisions,
      ...whoAndWhere,
      ...whatThereIs(facts),
      ...measured(facts),
      heading('A. The data is damaged'),
      ...dataDamaged(facts),
      heading('B. The server is gone'),
      ...serverGone(facts),
      heading('C. The repository is gone or damaged'),
      ...repositoryGone(facts),
      heading('D. A key is lost'),
      ...keyLost(facts),
      heading('E. Lifeboat cannot be installed'),
      ...withoutLifeboat(facts),
      heading('What this plan rests on'),
      {
        kind: 'paragraph',
        text: say`The configuration, the repository and the history as they were on ${facts.madeAt}: the places of the repository and its copies, the keys, the databases and their servers, whether there are backups, the media folders, and the version of Lifeboat. ${'lifeboat recovery-plan --check FILE'} ends with 1 where any of these has changed since, or the plan is older than 90 days. New backups do not make it stale; take the newest number from the list.`,
      },
      { kind: 'paragraph', text: [{ value: stampOf(facts) }] },
    ],
  }
}

const heading = (text: string): Block => ({ kind: 'heading', text })

const decisions: readonly Block[] = [
  heading('What has happened?'),
  {
    kind: 'list',
    items: [
      ['The server answers, and rows, tables or media files are wrong: go to A.'],
      [
        'The database, its server or the whole machine is gone: go to B. Where the repository was on that machine, go to C first.',
      ],
      ['The backups cannot be read: with WRONG_KEY or a lost passphrase go to D; else to C.'],
      ['Nothing of the above can be begun because Lifeboat cannot be installed: go to E.'],
    ],
  },
]

/** What no program knows. */
const whoAndWhere: readonly Block[] = [
  heading('Who and where: fill in by hand'),
  ...[
    'Who decides',
    'Who is told',
    'Account of the storage and of the servers',
    'Where the keys lie',
    'DNS and certificates',
  ].map((label): Block => ({ kind: 'blank', label })),
]

function whatThereIs({ repository, copies, keys, databases, media }: PlanFacts): Block[] {
  const sealed = repository.encryption === 'none' ? 'not encrypted' : 'AES-256-GCM'
  return [
    heading('What there is'),
    {
      kind: 'table',
      columns: ['what', 'where', 'about it'],
      rows: [
        [
          ['repository'],
          value(repository.location),
          say`${repository.id}, format ${repository.format}, ${sealed}, made ${repository.createdAt}, fingerprint ${repository.fingerprint}`,
        ],
        ...copies.map(({ name, location, message, hasOwnKey }): Sentence[] => [
          say`copy ${name}`,
          value(location),
          [...value(message), ...(hasOwnKey ? [' It has a key of its own.'] : [])],
        ]),
        ...databases.map(({ label, name, host, port, user }): Sentence[] => [
          say`database ${label}`,
          say`${name} at ${host}, port ${port}`,
          say`role ${user}`,
        ]),
        ...media.map(({ name, path }): Sentence[] => [say`media folder ${name}`, value(path), []]),
      ],
    },
    ...(copies.length === 0 ? [paragraph('There is no copy of the repository.')] : []),
    ...(repository.encryption === 'none'
      ? []
      : [
          paragraph('Any one of these keys opens the backups:'),
          {
            kind: 'table',
            columns: ['slot', 'kind', 'label', 'made', 'more'],
            rows: keys.map(({ slot, kind, label, created_at, kms_key, recipients }) => [
              value(slot.slice(0, 8)),
              [kind.replace('_', ' ')],
              value(label),
              value(created_at),
              value(kms_key ?? recipients?.join(' ') ?? '-'),
            ]),
          } satisfies Block,
        ]),
  ]
}

const value = (text: string): Sentence => [{ value: text }]
const paragraph = (text: string): Block => ({ kind: 'paragraph', text: [text] })

function measured({ databases }: PlanFacts): Block[] {
  return [
    heading('What was measured'),
    {
      kind: 'table',
      columns: ['database', 'last good backup', 'recovery point: data that can be lost', 'recovery time'],
      rows: databases.map((database) => [
        value(database.name),
        lastBackup(database),
        recoveryPoint(database),
        recoveryTime(database),
      ]),
    },
  ]
}

function lastBackup({ last }: PlanDatabase): Sentence {
  if (last === null) return ['none']
  const { number, completed_at, row_count, logical_bytes, verified } = last
  return [
    ...say`${number}, made ${completed_at}: ${row_count} rows, ${logical_bytes} bytes`,
    ...(verified ? say`; verified (${verified.level}) ${verified.at}` : ['; not verified yet']),
  ]
}

function recoveryPoint({ recoveryPoint: found }: PlanDatabase): Sentence {
  if (found === null) return [never]
  return say`at most ${hours(found.largestGapSeconds)}: the longest time without a backup, by ${found.backups} good backups of the last 30 days`
}

function recoveryTime({ recoveryTime: found }: PlanDatabase): Sentence {
  if (found === null) return [never]
  const took = seconds(found.seconds)
  return {
    restore: say`${took}, by a restore on ${found.at}`,
    verification: say`${took}, by a verification by a restore on ${found.at}`,
    drill: say`${took}, by a drill on ${found.at}`,
  }[found.by]
}

const hours = (total: number): string =>
  total < 5400 ? `${Math.round(total / 60)} minutes` : `${(total / 3600).toFixed(1)} hours`
const seconds = (total: number): string => (total < 120 ? `${total.toFixed(1)} seconds` : hours(total))
