import { counted } from '../../counted.ts'
import { labelIn } from '../../migrations/compare.ts'
import { carryOverStep } from '../target/target-plan.ts'
import type { PlanStep } from './plan.ts'
import { stepBack } from './plan-carried.ts'
import type { MediaFacts, RestoreFacts } from './plan-facts.ts'
import { maskStep, proveStep, subsetStep } from './plan-masking.ts'
import { loadSeconds, missingRoles, readSeconds } from './plan-needs.ts'

/** The steps of a restore, in the order in which they are taken. Pure. */
export function stepsOf(facts: RestoreFacts): PlanStep[] {
  const { strategy } = facts.options
  const order = (strategy === 'media' ? mediaSteps : strategy === 'in-place' ? inPlaceSteps : besideSteps)(facts)
  return order.filter((step) => step !== undefined)
}

type Steps = (PlanStep | undefined)[]

function besideSteps(facts: RestoreFacts): Steps {
  const { target, options } = facts
  const name = JSON.stringify(target.name)
  const replaces = options.strategy === 'swap' && target.live !== null
  return [
    checkPacks,
    safetyBackup(facts),
    createRoles(facts),
    ownControl(facts),
    { id: 'create-database', text: 'Create a new database beside the live one, from template0.' },
    subsetStep(facts),
    definitions(facts),
    maskStep(facts),
    rows(facts, Math.ceil(loadSeconds(facts) / 2)),
    largeObjects(facts),
    { id: 'post-data', text: 'Build indexes, constraints, triggers and policies, in parallel with the rows.' },
    { id: 'refresh', text: 'Refresh materialized views.' },
    census,
    {
      id: 'properties',
      text: `Set the new database's owner, grants and settings ${replaces ? 'as the live one has them' : 'from the backup'}.`,
    },
    validate(facts, 'before'),
    changeData(facts, 'before'),
    stepBack(facts),
    migrate(facts),
    carryOverStep(facts),
    changeData(facts, 'after'),
    validate(facts, 'after'),
    analyze,
    proveStep(facts),
    mediaStep(facts),
    carryCatalog(facts),
    replaces
      ? {
          id: 'swap',
          text: `Swap: rename ${name} aside and the new database to ${name}, in one transaction; sessions are ended and reconnect.`,
          seconds: 1,
        }
      : { id: 'rename', text: `Rename the new database to ${name}.` },
    swapMedia(facts),
  ]
}

const definitions = ({ rowsOnly }: RestoreFacts): PlanStep => ({
  id: 'definitions',
  text: rowsOnly
    ? `Create schemas, types, functions and tables as backup ${rowsOnly.definitions} has them; of the file come rows, values of sequences and large objects alone.`
    : 'Create schemas, types, functions and tables.',
})

function inPlaceSteps(facts: RestoreFacts): Steps {
  const seconds = loadSeconds(facts)
  return [
    checkPacks,
    safetyBackup(facts),
    createRoles(facts),
    { id: 'read-all', text: 'Read and check everything the backup holds.', seconds: readSeconds(facts) },
    mediaStep(facts),
    { id: 'begin', text: `Begin one transaction; from here to its end others wait, about ${seconds} s.`, seconds },
    { id: 'clear', text: `Drop all objects in ${JSON.stringify(facts.target.name)}.` },
    definitions(facts),
    rows(facts, seconds),
    largeObjects(facts),
    { id: 'post-data', text: 'Build indexes, constraints, triggers and policies.' },
    { id: 'refresh', text: 'Refresh materialized views.' },
    census,
    { id: 'commit', text: 'Commit: the database is the backup now.' },
    swapMedia(facts),
    validate(facts, 'before'),
    changeData(facts, 'before'),
    migrate(facts),
    changeData(facts, 'after'),
    validate(facts, 'after'),
    analyze,
  ]
}

/** The database is not touched. */
function mediaSteps(facts: RestoreFacts): Steps {
  return [checkPacks, mediaSafetyBackup(facts), mediaStep(facts), swapMedia(facts)]
}

const checkPacks: PlanStep = { id: 'check-packs', text: 'Check that every pack is there in its full size.' }
const census: PlanStep = { id: 'count-rows', text: "Compare the rows of every table with the backup's own count." }
const analyze: PlanStep = { id: 'analyze', text: 'Gather planner statistics (ANALYZE).' }

function safetyBackup({ options, target }: RestoreFacts): PlanStep | undefined {
  if (!options.safetyBackup || options.strategy === 'new-database' || !target.live || target.live.empty)
    return undefined
  return { id: 'safety-backup', text: `Back up ${JSON.stringify(target.name)} first ("Pre-restore safety backup").` }
}

function mediaSafetyBackup({ options, media }: RestoreFacts): PlanStep | undefined {
  const replaced = media.filter(({ replaces, place }) => replaces && place?.present === 'filled')
  if (!options.safetyBackup || replaced.length === 0) return undefined
  const names = replaced.map(({ name }) => JSON.stringify(name)).join(', ')
  return {
    id: 'safety-backup',
    text: `Back up what is in the media folders ${names} first ("Pre-restore safety backup").`,
  }
}

function createRoles(facts: RestoreFacts): PlanStep | undefined {
  const missing = missingRoles(facts)
  if (!facts.options.createRoles || missing.length === 0) return undefined
  return {
    id: 'create-roles',
    text: `Create ${counted(missing.length, 'missing role')}, without login: ${missing.map((name) => JSON.stringify(name)).join(', ')}.`,
  }
}

/** Where no other database can be connected to while this one is renamed. */
function ownControl({ server }: RestoreFacts): PlanStep | undefined {
  if (server.maintenanceDatabase !== null) return undefined
  return {
    id: 'create-control',
    text: 'Create an empty database to work from while databases are renamed ("lifeboat_control_..."); it stays for an undo.',
  }
}

function rows({ backup }: RestoreFacts, seconds: number): PlanStep {
  return {
    id: 'rows',
    text: `Load ${counted(backup.rows, 'row')} into ${counted(backup.tables, 'table')} and set sequences.`,
    seconds,
  }
}

function largeObjects({ backup }: RestoreFacts): PlanStep | undefined {
  if (backup.largeObjects === 0) return undefined
  return { id: 'large-objects', text: `Create and fill ${counted(backup.largeObjects, 'large object')}.` }
}

function migrate({ options, migrations }: RestoreFacts): PlanStep | undefined {
  const behind = migrations.filter(({ comparison, canMigrate }) => comparison.verdict === 'behind' && canMigrate)
  if (!options.migrate || behind.length === 0) return undefined
  const names = behind.flatMap(({ comparison }) => comparison.missing.map((id) => labelIn(comparison, id)))
  return { id: 'migrate', text: `Run ${counted(names.length, 'migration')} on the restored data: ${names.join(', ')}.` }
}

function validate({ validators }: RestoreFacts, when: 'before' | 'after'): PlanStep | undefined {
  const names = validators
    .filter((validator) => validator.startsWith(`${when}:`))
    .map((name) => name.slice(when.length + 1))
  if (names.length === 0) return undefined
  return { id: `validate-${when}`, text: `Run the application's own checks ${when} migrations: ${names.join(', ')}.` }
}

function changeData({ dataMigrations }: RestoreFacts, when: 'before' | 'after'): PlanStep | undefined {
  const names = dataMigrations
    .filter((one) => one.when === when)
    .map(({ name, sha256 }) => (sha256 === null ? name : `${name} (SQL ${sha256.slice(0, 12)})`))
  if (names.length === 0) return undefined
  const text = `Run ${counted(names.length, 'data migration')} ${when} migrations: ${names.join(', ')}.`
  return { id: `data-${when}`, text }
}

function mediaStep({ media }: RestoreFacts): PlanStep | undefined {
  if (media.length === 0) return undefined
  const text = media
    .map(({ name, files, target }) => `${name} (${counted(files, 'file')}) for ${target ?? 'nowhere'}`)
    .join(', ')
  return { id: 'media', text: `Unpack media, without touching what is live: ${text}.` }
}

function carryCatalog({ options, target }: RestoreFacts): PlanStep | undefined {
  const catalogs = target.live?.catalogs ?? []
  if (options.strategy !== 'swap' || catalogs.length === 0) return undefined
  const names = catalogs.map((name) => JSON.stringify(name)).join(', ')
  return {
    id: 'carry-catalog',
    text: `Take the catalog in schema ${names} along; what would be written to it waits until the swap is done.`,
  }
}

function swapMedia(facts: RestoreFacts): PlanStep | undefined {
  if (facts.media.length === 0) return undefined
  const texts = facts.media.map((media) => intoPlace(media, facts.options.strategy === 'swap'))
  return { id: 'swap-media', text: `Put the unpacked media into place: ${texts.join('; ')}.` }
}

function intoPlace({ target, replaces, place }: MediaFacts, canBeUndone: boolean): string {
  if (!replaces || place?.present !== 'filled') return `${target} is made, nothing is replaced`
  const where = place.method === 'rename' ? 'beside it' : 'in a hidden folder inside it'
  return `${target} is replaced, what is there is kept ${where}${canBeUndone ? ', and an undo puts it back' : ''}`
}
