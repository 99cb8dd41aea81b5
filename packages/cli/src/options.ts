import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type BackupEngine,
  createBackupEngine,
  EngineError,
  type EngineOptions,
  isEngineError,
  type KeyOption,
} from '@lifeboat/core'
import { engineFor } from '@lifeboat/core/actions'
import { commandCaller } from './caller.ts'
import { loadConfig } from './config-file.ts'
import { createProgress } from './output/progress.ts'
import { readPrintedKey } from './printed-key.ts'
import { askPassphrase, canAsk } from './prompts.ts'

/** The options every command has, as commander hands them over. */
export interface CommonOptions {
  databaseUrl?: string
  database?: string
  repository?: string
  passphraseFile?: string
  passphraseCommand?: string
  keyFile?: string
  ageIdentity?: string
  fingerprint?: string
  encryption?: string
  config?: string
  catalog?: string
  json?: boolean
  yes?: boolean
  quiet?: boolean
  /** Media folders named on the command line; they replace those of the configuration. */
  mediaFolders?: string[]
  unrecorded?: string
}

/** What a command works with: the engine, progress on stderr, the signal of Ctrl-C. */
export interface Session {
  engine: BackupEngine
  database: string | undefined
  running: { signal: AbortSignal; report: ReturnType<typeof createProgress>['report']; unrecorded?: string }
  /** Ends the progress line, so that results can be written. */
  finish(): Promise<void>
}

export interface SessionNeeds {
  signal: AbortSignal
  /** `create`: asks for a new passphrase, twice. */
  key?: 'open' | 'create'
  database?: boolean
}

/** Merges configuration file, environment and flags (flags win) and creates the engine. */
export async function openSession(options: CommonOptions, needs: SessionNeeds): Promise<Session> {
  const file = await loadConfig(options.config)
  const repository = options.repository ?? file.repository
  if (!repository) {
    throw new EngineError('USAGE', 'No repository was given.', {
      advice: 'Use --repository, set LIFEBOAT_REPOSITORY, or write it into lifeboat.config.ts.',
    })
  }
  const engineOptions: EngineOptions = { ...file, repository }
  if (options.databaseUrl) {
    engineOptions.database = options.databaseUrl
    if (options.database === undefined) delete engineOptions.databases
  }
  if (options.catalog) engineOptions.catalog = options.catalog
  if (options.mediaFolders?.length) engineOptions.media = options.mediaFolders
  const encryption = await encryptionFrom(options, file, needs.key ?? 'open')
  if (encryption) engineOptions.encryption = encryption
  else if (canAsk() && (await needsKey(engineOptions)))
    engineOptions.encryption = { passphrase: await askPassphrase({ twice: false }) }
  const engine = engineFor(createBackupEngine(engineOptions), commandCaller)
  const progress = createProgress(process.stderr, { quiet: options.quiet === true })
  return {
    engine,
    database: options.database,
    running: {
      ...{ signal: needs.signal, report: progress.report },
      ...(options.unrecorded === undefined ? {} : { unrecorded: options.unrecorded }),
    },
    async finish() {
      progress.end()
      await engine.stop()
    },
  }
}

/** Runs a command's work with a session and always ends it. */
export async function withSession<T>(
  options: CommonOptions,
  needs: SessionNeeds,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(options, needs)
  try {
    return await work(session)
  } finally {
    await session.finish()
  }
}

async function encryptionFrom(
  options: CommonOptions,
  file: Partial<EngineOptions>,
  use: 'open' | 'create',
): Promise<EngineOptions['encryption']> {
  if (options.encryption === 'none') return 'none'
  const given = await keyFrom(options)
  if (given) return given
  const fromEnvironment = process.env.LIFEBOAT_PASSPHRASE
  if (fromEnvironment) return { passphrase: fromEnvironment }
  const command = process.env.LIFEBOAT_PASSPHRASE_COMMAND
  if (command) return passphraseBy(command)
  if (file.encryption) return file.encryption
  if (use === 'create') {
    if (!canAsk()) {
      throw new EngineError(
        'KEY_MISSING',
        'A new repository needs a passphrase or a key, and there is no terminal to ask for one.',
      )
    }
    return { passphrase: await askPassphrase({ twice: true }) }
  }
  return undefined
}

/** Whether the repository turns out to need a key; anything else that is wrong with it is said by the command itself. */
async function needsKey(options: EngineOptions): Promise<boolean> {
  const engine = createBackupEngine(options)
  try {
    await engine.repository.describe()
    return false
  } catch (error) {
    return isEngineError(error, 'KEY_MISSING')
  } finally {
    await engine.stop()
  }
}

/** The key in the files that options name, or that their command prints, if they name one. */
export async function keyFrom(options: {
  passphraseFile?: string
  passphraseCommand?: string
  keyFile?: string
  ageIdentity?: string
  fingerprint?: string
}): Promise<KeyOption | undefined> {
  const { passphraseFile, passphraseCommand, keyFile, ageIdentity, fingerprint } = options
  if (keyFile) return { rawKey: parseKey(await readSecret(keyFile)) }
  if (passphraseFile) return { passphrase: withoutNewline(await readSecret(passphraseFile), 'file is empty') }
  if (passphraseCommand) return passphraseBy(passphraseCommand)
  if (!ageIdentity) return undefined
  const identity = (await readSecret(ageIdentity)).toString('utf8')
  return { ageIdentity: identity, ...(fingerprint ? { fingerprint: fingerprint.toLowerCase() } : {}) }
}

async function passphraseBy(command: string): Promise<KeyOption> {
  const { printedBy } = await import('./passphrase-command.ts')
  return { passphrase: withoutNewline(await printedBy(command), 'command printed nothing') }
}

async function readSecret(path: string): Promise<Buffer> {
  try {
    return await readFile(resolve(path))
  } catch (error) {
    throw new EngineError('USAGE', `The file "${path}" cannot be read.`, {
      cause: error,
      advice: 'Check the path and its permissions.',
    })
  }
}

function withoutNewline(secret: Buffer, ifEmpty: string): string {
  const text = secret.toString('utf8').replace(/\r?\n$/, '')
  if (text === '')
    throw new EngineError('USAGE', `The passphrase ${ifEmpty}.`, { advice: 'It must hold a passphrase.' })
  return text
}

function parseKey(secret: Buffer): string {
  if (secret.length === 32) return secret.toString('hex')
  const text = secret.toString('utf8').trim()
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text
  const printed = readPrintedKey(text)
  if (printed !== undefined) return printed
  throw new EngineError('USAGE', 'The key file must hold 32 bytes or 64 hex digits.', {
    advice: 'Make one with: openssl rand -hex 32',
  })
}
