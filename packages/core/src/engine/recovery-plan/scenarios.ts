import { type Block, type Step, say } from './document.ts'
import { commonOption, installStep, keyUseOf, liveUrl, placeExports, placeStep } from './open-commands.ts'
import type { PlanDatabase, PlanFacts } from './plan-facts.ts'
import { shellWord, urlPart } from './shell-text.ts'

type Restorable = PlanDatabase & { last: NonNullable<PlanDatabase['last']> }

const restorable = ({ databases }: PlanFacts): Restorable[] =>
  databases.filter((database): database is Restorable => database.last !== null)

const isGone = (database: PlanDatabase): Block => ({
  kind: 'paragraph',
  text: say`There is no good backup of ${database.name}: it cannot be restored.`,
})

const lacking = ({ databases }: PlanFacts): Block[] => databases.filter(({ last }) => last === null).map(isGone)

/** A: the server answers, and rows or tables are wrong. */
export function dataDamaged(facts: PlanFacts): Block[] {
  const option = commonOption(facts, facts.repository)
  const steps = restorable(facts).flatMap((database): Step[] => {
    const { number } = database.last
    return [
      {
        text: say`Database ${database.name}: see which backups there are, and what a restore of ${number} would lose. Take an older number where the damage is older.`,
        commands: [
          `export DATABASE_URL=${shellWord(liveUrl(database))}`,
          `npx lifeboat list${option}`,
          `npx lifeboat lost ${number}${option}`,
        ],
      },
      {
        text: ['Only some rows are wrong: look at what would be taken back, then do it without the last option.'],
        commands: [`npx lifeboat rewind ${number}${option} --dry-run`],
      },
      {
        text: [
          'Much is wrong: look at the plan, then restore. It is built beside the live database and swapped in at the end.',
        ],
        commands: [`npx lifeboat restore ${number}${option} --dry-run`, `npx lifeboat restore ${number}${option}`],
      },
      { text: ['It was the wrong backup: put back what was before.'], commands: [`npx lifeboat undo latest${option}`] },
    ]
  })
  return [
    {
      kind: 'paragraph',
      text: ['Stop what damages the data: the release, the script, the person. The application itself may stay up.'],
    },
    { kind: 'steps', steps: [installStep(facts.repository), placeStep(facts, facts.repository), ...steps] },
    ...lacking(facts),
  ]
}

/** B: the server, or all of the machine, is gone. */
export function serverGone(facts: PlanFacts): Block[] {
  const option = commonOption(facts, facts.repository)
  const found = restorable(facts)
  return [
    {
      kind: 'paragraph',
      text: say`A new PostgreSQL of the same major version or newer (backups were made on ${[...new Set(found.map(({ last }) => last.postgres_version))].join(', ') || 'an unknown version'}), and a role on it that may create databases and roles.`,
    },
    {
      kind: 'steps',
      steps: [
        installStep(facts.repository),
        placeStep(facts, facts.repository),
        {
          text: ['Name the new server.'],
          commands: [
            `export NEW_SERVER='postgresql://USER:PASSWORD@HOST:PORT'`,
            'export DATABASE_URL="$NEW_SERVER/postgres"',
          ],
        },
        {
          text: ['Adopt the repository, and see what there is. Where there are newer numbers than below, take those.'],
          commands: [`npx lifeboat adopt${option}`, `npx lifeboat list${option}`],
        },
        ...found.flatMap((database) => restoreSteps(database, option, facts)),
        {
          text: [
            'Point the application at the new server, turn its schedule of backups on, and look at what is still open.',
          ],
          commands: [`npx lifeboat checklist${option}`],
        },
      ],
    },
    ...lacking(facts),
  ]
}

function restoreSteps({ name, last }: Restorable, option: string, { media }: PlanFacts): Step[] {
  const restore = `npx lifeboat restore ${last.number} --strategy new-database --target-database ${shellWord(name)} --create-roles${option}`
  return [
    {
      text: say`Database ${name}: see that backup ${last.number} is whole, look at the plan, then restore it.`,
      commands: [`npx lifeboat verify ${last.number}${option}`, `${restore} --dry-run`, `${restore} --yes`],
    },
    ...(last.include_media ? [mediaStep(last.number, option, media)] : []),
    {
      text: say`Back up ${name} from where it is now.`,
      commands: [
        `export DATABASE_URL="$NEW_SERVER/${urlPart(name)}"`,
        `npx lifeboat backup --name 'first on the new server'${option}`,
        `npx lifeboat status${option}`,
        'export DATABASE_URL="$NEW_SERVER/postgres"',
      ],
    },
  ]
}

function mediaStep(number: number, option: string, media: PlanFacts['media']): Step {
  const places = media.flatMap(({ name, path }, index) => [
    ...(index > 0 ? ['; '] : []),
    ...say`${name} belongs to ${path}`,
  ])
  return {
    text: ['Unpack the media files, and move each folder to its place: ', ...places, '.'],
    commands: [`npx lifeboat export ${number} --part media --output media.tar.gz${option}`, 'tar -xzf media.tar.gz'],
  }
}

/** C: what holds the backups is gone or damaged. */
export function repositoryGone(facts: PlanFacts): Block[] {
  const { repository, copies } = facts
  const option = commonOption(facts, repository)
  const damaged: Block[] = [
    { kind: 'paragraph', text: say`The repository is at ${repository.location}. If it is there and damaged:` },
    {
      kind: 'steps',
      steps: [
        installStep(repository),
        placeStep(facts, repository),
        {
          text: ['See what is damaged. What a copy has is taken from there; without the last option it is done.'],
          commands: [
            `npx lifeboat check --read-data${option}`,
            ...copies
              .filter(({ isByCode }) => !isByCode)
              .map(({ location }) => `npx lifeboat repair --from ${shellWord(location)} --dry-run${option}`),
          ],
        },
      ],
    },
  ]
  if (copies.length > 0) return [...damaged, ...copies.flatMap((copy) => fromCopy(copy, facts))]
  return [
    ...damaged,
    {
      kind: 'paragraph',
      text: [
        'There is no copy. If the repository is gone, the live databases are all there is. Make a new repository elsewhere, now:',
      ],
    },
    {
      kind: 'steps',
      steps: [
        {
          text: ['Name a new place and the live database, and back it up. A new passphrase is asked for.'],
          commands: [
            `export LIFEBOAT_REPOSITORY='NEW_PLACE'`,
            'npx lifeboat init',
            ...facts.databases.map((database) => `npx lifeboat backup --database-url ${shellWord(liveUrl(database))}`),
          ],
        },
      ],
    },
  ]
}

function fromCopy(copy: PlanFacts['copies'][number], facts: PlanFacts): Block[] {
  const option = commonOption(facts, copy)
  const key = copy.hasOwnKey ? ' It has a key of its own: open it with that one.' : ''
  return [
    {
      kind: 'paragraph',
      text: [
        ...say`If it is gone: the copy ${copy.name} is a repository too, at ${copy.location}.`,
        `${key} When this plan was made: `,
        { value: copy.message },
      ],
    },
    {
      kind: 'steps',
      steps: [
        installStep(copy),
        placeStep(facts, copy),
        {
          text: ['See what it holds, and that it is whole. B works with it as it is.'],
          commands: [`npx lifeboat list${option}`, `npx lifeboat check${option}`],
        },
        {
          text: ['Later, make a repository of it again, in the old place or a new one.'],
          commands: [`npx lifeboat copy 'NEW_PLACE'${option}`],
        },
      ],
    },
  ]
}

/** D: a key is lost. */
export function keyLost(facts: PlanFacts): Block[] {
  const { keys, repository } = facts
  if (repository.encryption === 'none')
    return [{ kind: 'paragraph', text: ['The backups are not encrypted: no key can be lost.'] }]
  if (keys.length < 2)
    return [
      {
        kind: 'paragraph',
        text: [
          'Only one key opens the backups. If it is lost, no one can open them, and there is no way around it. The live databases are then all there is: go on as in C without a copy, with a new key.',
        ],
      },
    ]
  return [
    {
      kind: 'paragraph',
      text: ['Each of these keys opens everything by itself. Use one that is not lost, then replace the lost one.'],
    },
    {
      kind: 'steps',
      steps: [
        installStep(repository),
        ...keys.map((key): Step => {
          const use = keyUseOf(key.kind, repository.fingerprint)
          return {
            text: [...say`With the ${key.kind.replace('_', ' ')} ${key.label || key.slot.slice(0, 8)}: `, ...use.text],
            commands: [...placeExports(repository), ...use.exports, `npx lifeboat key list${use.option}`],
          }
        }),
        {
          text: say`With the options of the key that opened: add a new one, then remove the lost one by its slot. ${'new.txt'} holds the new passphrase.`,
          commands: ['npx lifeboat key add --new-passphrase-file new.txt', `npx lifeboat key remove 'LOST_SLOT'`],
        },
      ],
    },
  ]
}

/** E: Lifeboat cannot be installed. */
export function withoutLifeboat({ repository, databases }: PlanFacts): Block[] {
  if (repository.recoverSha256 === null)
    return [
      {
        kind: 'paragraph',
        text: ['The repository holds no recovery program. Take it from the package @lifeboat/core.'],
      },
    ]
  const numbers = databases.flatMap(({ name, last }) => (last === null ? [] : [{ name, number: last.number }]))
  return [
    {
      kind: 'steps',
      steps: [
        {
          text: say`Node.js 22.15 or newer is enough. Copy everything at ${repository.location} into the folder ${'repository'}, and see that the program in it is the right one: the first command must print ${repository.recoverSha256}. The key goes into the variable ${'LIFEBOAT_PASSPHRASE'}, or a raw key into a file: ${'--key-file key.txt'}.`,
          commands: ['sha256sum repository/recover.mjs', 'node repository/recover.mjs list repository'],
        },
        {
          text: say`Write each database as a file of pg_dump, and restore that on the server that the variables ${'PGHOST'}, ${'PGPORT'} and ${'PGUSER'} name.`,
          commands: numbers.flatMap(({ name, number }) => [
            `node repository/recover.mjs dump repository ${number} ${number}.dump`,
            `createdb ${shellWord(name)}`,
            `pg_restore --dbname ${shellWord(name)} ${number}.dump`,
          ]),
        },
      ],
    },
  ]
}
