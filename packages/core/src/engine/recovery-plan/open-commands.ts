import { schemeOf } from '../../storage/scheme.ts'
import { storagePackage } from '../../storage/storage-package.ts'
import { type Sentence, type Step, say } from './document.ts'
import type { PlanFacts, PlanPlace } from './plan-facts.ts'
import { shellWord, urlPart } from './shell-text.ts'

type Key = PlanFacts['keys'][number]

/** How commands open the repository with a key of one kind: what is exported before, and the option of each command. */
interface KeyUse {
  exports: string[]
  option: string
  text: Sentence
}

const preferred: readonly Key['kind'][] = ['passphrase', 'raw_key', 'age', 'kms']

/** With the key that is most likely at hand on a bare machine. */
export function keyUse(facts: PlanFacts): KeyUse {
  const { keys, repository } = facts
  if (repository.encryption === 'none') return { exports: [], option: '', text: ['No key is needed.'] }
  const kind = preferred.find((one) => keys.some((key) => key.kind === one)) ?? 'kms'
  return keyUseOf(kind, repository.fingerprint)
}

export function keyUseOf(kind: Key['kind'], fingerprint: string): KeyUse {
  switch (kind) {
    case 'passphrase':
      return {
        exports: [`export LIFEBOAT_PASSPHRASE='PASSPHRASE'`],
        option: '',
        text: say`Put the passphrase in the place of ${'PASSPHRASE'}.`,
      }
    case 'raw_key':
      return { exports: [], option: ' --key-file key.txt', text: say`Put the raw key into the file ${'key.txt'}.` }
    case 'age':
      return {
        exports: ['export LIFEBOAT_AGE_IDENTITY=identity.txt', `export LIFEBOAT_FINGERPRINT=${shellWord(fingerprint)}`],
        option: '',
        text: say`Put the age identity into the file ${'identity.txt'}.`,
      }
    default:
      return {
        exports: [],
        option: ` ${withConfig}`,
        text: say`The key management service is reached by the configuration: put ${'lifeboat.config.ts'} of the application into the folder.`,
      }
  }
}

const withConfig = '--config lifeboat.config.ts'

/** The option of each command: of the key, and of a storage that only the configuration can open. */
export function commonOption(facts: PlanFacts, place: PlanPlace): string {
  const { option } = keyUse(facts)
  return place.isByCode && !option.includes(withConfig) ? `${option} ${withConfig}` : option
}

export function installStep(place: PlanPlace): Step {
  const sdk = storagePackage(place.location)
  return {
    text: say`In an empty folder, on a machine with Node.js 22.18 or newer and the client tools of PostgreSQL (${'pg_dump'}, ${'pg_restore'}), install the command:`,
    commands: [`npm install @lifeboat/cli @lifeboat/core${sdk === undefined ? '' : ` ${sdk}`}`],
  }
}

/** Says where the backups are and what opens them. */
export function placeStep(facts: PlanFacts, place: PlanPlace): Step {
  const key = keyUse(facts)
  const known = place.isByCode
    ? say`The storage ${place.location} is opened by code of the application: put its ${'lifeboat.config.ts'} into the folder. `
    : []
  return {
    text: [...known, 'Say where the backups are, and what opens them. What is in capitals is yours. ', ...key.text],
    commands: [...placeExports(place), ...key.exports],
  }
}

/** None for a storage that only the configuration can open. */
export const placeExports = (place: PlanPlace): string[] =>
  place.isByCode ? [] : [`export LIFEBOAT_REPOSITORY=${shellWord(place.location)}`, ...credentials(place)]

/** Names of the variables in which each service looks for its credentials. */
function credentials({ location }: PlanPlace): string[] {
  switch (schemeOf(location)) {
    case 's3':
      return [`export AWS_ACCESS_KEY_ID='KEY_ID'`, `export AWS_SECRET_ACCESS_KEY='SECRET_KEY'`]
    case 'gs':
      return [`export GOOGLE_APPLICATION_CREDENTIALS='CREDENTIALS_FILE'`]
    case 'azure':
      return [`export AZURE_STORAGE_CONNECTION_STRING='CONNECTION_STRING'`]
    default:
      return []
  }
}

/** The live database, as this installation names it, with the password left to fill in. */
export function liveUrl({ host, port, user, name }: PlanFacts['databases'][number]): string {
  if (host.startsWith('/'))
    return `postgresql:///${urlPart(name)}?host=${urlPart(host)}&port=${port}&user=${urlPart(user)}&password=PASSWORD`
  const at = host.includes(':') ? `[${host}]` : urlPart(host)
  return `postgresql://${urlPart(user)}:PASSWORD@${at}:${port}/${urlPart(name)}`
}
