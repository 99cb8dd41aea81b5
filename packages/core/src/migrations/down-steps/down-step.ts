import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { EngineError } from '../../errors.ts'

/** The way back from one migration, as SQL. */
export interface DownStep {
  inspector: string
  /** Of the migration that it takes back. */
  id: string
  sql: string
}

/** A down step that a backup carries. */
export interface CarriedStep extends DownStep {
  /** Of the SQL, in hex. */
  sha256: string
  signatures: StepSignature[]
}

export interface StepSignature {
  /** SHA-256 of the public key as DER (SubjectPublicKeyInfo), in hex. */
  key: string
  /** Ed25519, in base64. */
  signature: string
}

/** Where a step belongs: what a signature binds besides its text. */
export interface StepPlace {
  /** Name of the application (`appName`). */
  application: string
  /** Ids of the migrations that are still applied once the step has run, in any order. */
  left: readonly string[]
}

/** A signature as a file of signatures lists it. */
export interface SignedStep extends StepSignature {
  inspector: string
  id: string
  sha256: string
}

export function sqlSha256(sql: string): string {
  return createHash('sha256').update(sql).digest('hex')
}

/** One hash for several steps in the order in which they would run: what a person who asks for them names. */
export function stepsHash(steps: readonly Pick<CarriedStep, 'inspector' | 'id' | 'sha256'>[]): string {
  return sqlSha256(JSON.stringify(steps.map(({ inspector, id, sha256 }) => [inspector, id, sha256])))
}

/** @throws EngineError `CONFIG_INVALID` where it is no Ed25519 public key in PEM. */
export function readPublicKey(pem: string): KeyObject {
  return readKey(() => createPublicKey(pem), 'public')
}

/** @throws EngineError `CONFIG_INVALID` where it is no Ed25519 private key in PEM. */
export function readPrivateKey(pem: string): KeyObject {
  return readKey(() => createPrivateKey(pem), 'private')
}

function readKey(read: () => KeyObject, kind: 'public' | 'private'): KeyObject {
  let key: KeyObject | undefined
  try {
    key = read()
  } catch {
    // What the library says of a key may hold parts of it.
  }
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new EngineError('CONFIG_INVALID', `The key is no Ed25519 ${kind} key in PEM.`, {
    advice: 'Make one with `openssl genpkey -algorithm ed25519`; `openssl pkey -pubout` writes its public part.',
  })
}

export function keyId(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

export function signStep({ inspector, id, sql }: DownStep, place: StepPlace, key: KeyObject): SignedStep {
  const sha256 = sqlSha256(sql)
  const signature = sign(null, signedBytes({ inspector, id, sha256 }, place), key).toString('base64')
  return { inspector, id, sha256, key: keyId(key), signature }
}

/** The id of a trusted key that has signed the text of a step as it is, for this place; null where none has. */
export function signerOf(
  step: DownStep & { signatures: readonly StepSignature[] },
  place: StepPlace,
  trusted: readonly KeyObject[],
): string | null {
  const bytes = signedBytes({ ...step, sha256: sqlSha256(step.sql) }, place)
  for (const key of trusted) {
    const id = keyId(key)
    const given = step.signatures.filter((one) => one.key === id)
    if (given.some(({ signature }) => verify(null, bytes, key, Buffer.from(signature, 'base64')))) return id
  }
  return null
}

/**
 * What a key signs: the text, and where it may run. Without the application, a step could be run in another one that has a
 * migration of this name; without the migrations that it leaves, in another history than the one it was written for. These
 * are a set, because some tools fill gaps later and then apply in another order than that of the files.
 *
 * The up step is not part of it: a backup does not hold it, so a restore could compare it only with what the host that made
 * the backup says, and the signature must not depend on that host.
 */
function signedBytes(
  step: { inspector: string; id: string; sha256: string },
  { application, left }: StepPlace,
): Buffer {
  const state = sqlSha256(JSON.stringify(left.toSorted()))
  const signed = [application, step.inspector, step.id, state, step.sha256]
  return Buffer.from(`lifeboat down step 2\n${JSON.stringify(signed)}`)
}
