#!/usr/bin/env node
/**
 * Gets backups out of a Lifeboat repository with nothing but Node.js 22.15 or newer: no package, no network, no database.
 * A reader of its own, written from docs/repository-format.md; the numbers in brackets below are that document's sections.
 *
 * Everything read is authenticated before it is looked at, and bounded before memory is given to it. The output appears
 * under its name only when it is whole.
 */
import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import * as util from 'node:util'
import * as zlib from 'node:zlib'

const help = `Gets backups out of a Lifeboat repository, with Node.js 22.15 or newer alone.

  node recover.mjs list  REPOSITORY                       what backups there are
  node recover.mjs dump  REPOSITORY BACKUP OUT.dump       the database, as an archive for pg_restore
  node recover.mjs media REPOSITORY BACKUP OUT.tar.gz     the media folders, for tar

REPOSITORY  a local folder: the one in which the file "config" lies
BACKUP      a number, an id, the beginning of an id (4 characters at least), or latest

The key of an encrypted repository:
  LIFEBOAT_PASSPHRASE=...      environment variable with the passphrase
  --passphrase-file FILE       file with the passphrase; a line end at its end is left out
  --key-file FILE              file with the raw key: 32 bytes, or 64 hex digits
  --unwrapped-key-file FILE    what a KMS or age made of a slot of kind kms or age: see below

Slots of kind kms and age do not open here by themselves: this program calls no KMS and knows no age. Any other slot's
passphrase or key does. Without one:
  node recover.mjs keys    REPOSITORY                     what key slots there are
  node recover.mjs wrapped REPOSITORY SLOT OUT.age        the wrapped key of one
  age --decrypt --identity IDENTITY.txt --output OUT.key OUT.age
                               or have the KMS unwrap it, under the context that "keys" shows
  node recover.mjs list    REPOSITORY --unwrapped-key-file OUT.key

  --help                       this text

What comes next:
  pg_restore --list OUT.dump
  createdb restored && pg_restore --dbname restored OUT.dump
  tar -xzf OUT.tar.gz

A program that lies beside backups is only as trustworthy as whoever can write there: compare its SHA-256 with one that
you keep elsewhere before you run it.

Exit codes: 0 done, 1 failed or something is damaged, 2 called wrongly.
`

/** Something to tell the user in one sentence; `code` is what the process ends with. */
class Failure extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

const damaged = (object, what) => new Failure(`${object} is damaged: ${what}.`)
const warn = (message) => process.stderr.write(`recover: ${printable(message)}\n`)
/** Texts out of a repository must not reach a terminal as commands. */
const printable = (text) => String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')

// ---------------------------------------------------------------------------------------------------------------------
// Bounds (section 2)

const maxChunkBytes = 4 << 20
const maxObjectBytes = 64 << 20
const maxDocumentBytes = 64 << 20
const maxPackChunks = 16_384
const maxIds = 64
const maxLevel = 4
const maxSlots = 64
const maxSlotBytes = 4096
const maxRecordBytes = 64 << 20
/** Definitions are held in memory. */
const maxSchemaBytes = 1 << 30
const sealBytes = 29
const format = 1

// ---------------------------------------------------------------------------------------------------------------------
// The storage: a local folder (section 1)

const ignoreMissing = (error) => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
  return null
}

/** A regular file, opened without waiting: a pipe put in the place of an object would never answer. Null: not there. */
async function openFile(file) {
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0)
  const handle = await fs.promises.open(file, flags).catch(ignoreMissing)
  if (handle === null) return null
  const stat = await handle.stat()
  if (stat.isFile()) return { handle, size: stat.size }
  await handle.close()
  throw new Failure(`${file} is not a regular file.`)
}

async function readRange(handle, offset, length) {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
    if (bytesRead === 0) return null
    done += bytesRead
  }
  return bytes
}

/** The whole of a file of at most so many bytes. Null: not there. */
async function readWhole(file, name, maxBytes) {
  const opened = await openFile(file)
  if (opened === null) return null
  try {
    if (opened.size > maxBytes) throw damaged(name, `it has ${opened.size} bytes, and at most ${maxBytes} are allowed`)
    const bytes = await readRange(opened.handle, 0, opened.size)
    if (bytes === null) throw damaged(name, 'it became shorter while it was read')
    return bytes
  } finally {
    await opened.handle.close()
  }
}

function openFolder(root) {
  const place = (name) => path.join(root, ...name.split('/'))
  return {
    place,
    read: (name, maxBytes = maxObjectBytes) => readWhole(place(name), name, maxBytes),
    /** Names directly below a folder that fit a pattern, in order. Others are ignored, as the format asks. */
    async list(folder, pattern) {
      const names = (await fs.promises.readdir(place(folder)).catch(ignoreMissing)) ?? []
      return names.filter((name) => pattern.test(name)).sort()
    },
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Keys (sections 3 and 4)

const hex32 = /^[0-9a-f]{32}$/
const hex64 = /^[0-9a-f]{64}$/
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), crypto.createHash('sha256')).digest()
const hmac = (key, ...parts) => parts.reduce((mac, part) => mac.update(part), crypto.createHmac('sha256', key)).digest()
const hkdf = (key, salt, info, bytes) => Buffer.from(crypto.hkdfSync('sha256', key, salt, Buffer.from(info), bytes))
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value) => Number.isSafeInteger(value) && value >= 0

function parseJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The lines of a text object, or null where it does not consist of exactly so many, each ended. */
function linesOf(bytes, count) {
  const lines = bytes.toString('utf8').split('\n')
  return lines.length === count + 1 && lines[count] === '' ? lines.slice(0, count) : null
}

async function readConfig(folder) {
  const bytes = await folder.read('config')
  if (bytes === null) {
    const holdsBackups = (await folder.list('backups', /./)).length + (await folder.list('packs', /./)).length > 0
    if (holdsBackups) throw damaged('config', 'it is missing, though there are backups')
    throw new Failure('There is no repository here: the file "config" is missing.')
  }
  const [first] = bytes.toString('utf8').split('\n', 1)
  const config = parseJson(first)
  if (!isObject(config) || !isCount(config.format)) throw damaged('config', 'it cannot be read')
  refuseNewer('config', config)
  const lines = linesOf(bytes, 2)
  if (lines === null || !hex64.test(lines[1])) throw damaged('config', 'it does not consist of two lines')
  const { id, encryption } = config
  if (typeof id !== 'string' || !hex32.test(id)) throw damaged('config', 'it has no id')
  if (encryption !== 'none' && encryption !== 'aes-256-gcm') throw damaged('config', 'its encryption is unknown')
  return { id, encryption, line: lines[0], seal: Buffer.from(lines[1], 'hex') }
}

function refuseNewer(name, { format: found }) {
  if (!isCount(found)) throw damaged(name, 'it has no format')
  if (found > format) throw new Failure(`${name} has format ${found}; this program knows only format ${format}.`)
}

/** Master key and working keys, by the first slot that opens and fits the configuration. */
async function openKeys(folder, config, key) {
  if (key.kind === 'none' && config.encryption !== 'none')
    throw new Failure(
      'The repository is encrypted: set LIFEBOAT_PASSPHRASE, or give --passphrase-file or --key-file.',
      2,
    )
  const names = await folder.list('keys', hex32)
  if (names.length > maxSlots)
    throw damaged('keys', `it holds ${names.length} slots, and at most ${maxSlots} are allowed`)
  const broken = []
  const others = new Set()
  let ofThisKind = 0
  for (const name of names) {
    const object = `keys/${name}`
    try {
      const slot = await readSlot(folder, object, name)
      if (slot === null || slot.header.repository !== config.id) continue
      if (key.kind === 'unwrapped' ? !isWrapped(slot) : slot.header.kind !== key.kind) {
        if (isWrapped(slot)) others.add(slot.header.kind)
        continue
      }
      ofThisKind++
      const master = await openSlot(object, slot, key)
      if (master === null) continue
      const keys = deriveKeys(master)
      if (crypto.timingSafeEqual(hmac(keys.config, config.line), config.seal)) {
        if (slot.header.kind === 'age')
          warn(
            `the fingerprint is ${fingerprintOf(master)}: another one in your recovery kit means another's repository`,
          )
        return keys
      }
      broken.push(`config does not fit the key of ${object}.`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      broken.push(error.message)
    }
  }
  if (broken.length > 0) throw new Failure(`No key slot opens the repository. ${broken.join(' ')}`)
  const kinds = { passphrase: 'a passphrase', raw_key: 'a raw key', unwrapped: 'an unwrapped key', none: 'no key' }
  const hint =
    others.size > 0
      ? ` Its slots of kind ${[...others].join(' and ')} need the key that is unwrapped elsewhere: see --help.`
      : ''
  if (ofThisKind === 0) throw new Failure(`The repository has no key slot for ${kinds[key.kind]}.${hint}`)
  throw new Failure(`The key is wrong: it opens none of the key slots.${hint}`)
}

/** A slot whose secret lies in it, wrapped by a KMS or for age recipients. */
const isWrapped = ({ header }) => header.kind === 'kms' || header.kind === 'age'

const fingerprintOf = (master) => hkdf(master, '', 'lifeboat/1 fingerprint', 16).toString('hex')

async function keySlots({ folder, config }) {
  const slots = []
  for (const name of (await folder.list('keys', hex32)).slice(0, maxSlots)) {
    try {
      const slot = await readSlot(folder, `keys/${name}`, name)
      if (slot?.header.repository === config.id) slots.push(slot)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      warn(error.message)
    }
  }
  return slots
}

/** The key slots; with a wrapped one what it was wrapped by, and under which context. */
async function showKeys(repository) {
  for (const { header } of await keySlots(repository)) {
    const { slot, kind, label, kms_key: kms, recipients } = header
    process.stdout.write(`${printable([slot, kind, label].join('  '))}\n`)
    if (kind === 'kms') {
      const context = { purpose: 'lifeboat key slot', repository: repository.config.id, slot }
      process.stdout.write(`${printable(`    key ${kms}, context ${JSON.stringify(context)}`)}\n`)
    }
    if (kind === 'age') process.stdout.write(`${printable(`    for ${recipients}`)}\n`)
  }
}

async function writeWrapped(repository, reference, file) {
  const found = (await keySlots(repository)).filter((slot) => isWrapped(slot) && slot.header.slot.startsWith(reference))
  if (found.length !== 1)
    throw new Failure(
      `${found.length === 0 ? 'No' : 'More than one'} slot of kind kms or age begins with ${reference}.`,
      2,
    )
  const wrapped = Buffer.from(String(found[0].header.wrapped), 'base64')
  await writeOutput(file, (output) => output.write(wrapped))
}

async function readSlot(folder, object, name) {
  const bytes = await folder.read(object, maxSlotBytes)
  if (bytes === null) return null
  const lines = linesOf(bytes, 3)
  if (lines === null || lines[2] !== sha256(`${lines[0]}\n${lines[1]}\n`).toString('hex'))
    throw damaged(object, 'its checksum is wrong')
  const header = parseJson(lines[0])
  if (!isObject(header) || !/^[0-9a-f]{152}$/.test(lines[1])) throw damaged(object, 'it cannot be read')
  refuseNewer(object, header)
  if (header.slot !== name) throw damaged(object, 'it is a slot of another name')
  return { header, line: lines[0], sealed: Buffer.from(lines[1], 'hex') }
}

/** The master key; null where the slot is not for this key. */
async function openSlot(object, { header, line, sealed }, key) {
  if (typeof header.salt !== 'string' || !hex64.test(header.salt)) throw damaged(object, 'it has no salt')
  const salt = Buffer.from(header.salt, 'hex')
  const secret = key.kind === 'passphrase' ? await stretch(object, key.secret, salt, header.scrypt) : key.secret
  const check = hkdf(secret, salt, 'lifeboat/1 key check', 16)
  if (!crypto.timingSafeEqual(check, sealed.subarray(0, 16))) return null
  const wrappingKey = hkdf(secret, salt, 'lifeboat/1 key slot', 32)
  const master = decrypt(wrappingKey, sealed.subarray(16, 28), Buffer.from(line), sealed.subarray(28))
  if (master === null) throw damaged(object, 'it was altered')
  return master
}

function stretch(object, secret, salt, scrypt) {
  const { n, r, p } = isObject(scrypt) ? scrypt : {}
  const isPowerOfTwo = isCount(n) && n >= 2 ** 14 && n <= 2 ** 19 && (n & (n - 1)) === 0
  const isBounded = isPowerOfTwo && isCount(r) && r >= 1 && r <= 16 && isCount(p) && p >= 1 && p <= 4
  if (!isBounded || 128 * n * r > 2 ** 29) throw damaged(object, 'its scrypt costs are out of bounds')
  return util.promisify(crypto.scrypt)(secret, salt, 32, { N: n, r, p, maxmem: 2 ** 30 })
}

function deriveKeys(master) {
  const derive = (info) => hkdf(master, '', `lifeboat/1 ${info}`, 32)
  return { seal: derive('seal'), document: derive('document'), config: derive('config') }
}

// ---------------------------------------------------------------------------------------------------------------------
// Seals (section 5)

/** AES-256-GCM: the plaintext, or null where the tag, which comes last, is wrong. */
function decrypt(key, nonce, associatedData, sealed) {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(-16))
  const plain = decipher.update(sealed.subarray(0, -16))
  try {
    decipher.final()
    return plain
  } catch {
    return null
  }
}

const kinds = { chunk: 1, packTable: 2, document: 3 }

/** The plaintext of a seal, which is `plainBytes` long; null where it does not open. */
function openSeal(rootKey, kind, name, plainBytes, seal) {
  const compression = seal[0]
  if (seal.length < sealBytes || compression > 1) return null
  if (compression === 0 && seal.length !== plainBytes + sealBytes) return null
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(plainBytes, 0)
  lengths.writeUInt32LE(seal.length, 4)
  const associatedData = Buffer.concat([Buffer.from([1, kind, compression, 0]), lengths, name])
  const key = hmac(rootKey, Buffer.from([kind]), name)
  const plain = decrypt(key, seal.subarray(1, 13), associatedData, seal.subarray(13))
  if (plain === null || compression === 0) return plain
  try {
    const text = zlib.zstdDecompressSync(plain, { maxOutputLength: Math.max(1, plainBytes) })
    return text.length === plainBytes ? text : null
  } catch {
    return null
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Documents and the index (section 8)

/** The plaintext of a document object. Null: not there. */
async function readDocument({ folder, keys }, name) {
  const bytes = await folder.read(name)
  if (bytes === null) return null
  if (bytes.length < 12 + sealBytes || bytes.toString('latin1', 0, 8) !== 'LFBDOC\0\x01')
    throw damaged(name, 'it does not begin as a document does')
  const plainBytes = bytes.readUInt32LE(8)
  if (plainBytes > maxDocumentBytes) throw damaged(name, 'it is longer than documents may be')
  const plain = openSeal(keys.document, kinds.document, Buffer.from(name), plainBytes, bytes.subarray(12))
  if (plain === null) throw damaged(name, 'it is not authentic')
  return plain
}

const recordBytes = 44
const slotBytes = 48
/** More copies of one chunk than this are of no use. */
const maxCopies = 16

/** Where chunks lie: a hash table in one buffer, some 100 bytes per chunk. */
class ChunkTable {
  #packs = []
  #numbers = new Map()
  #bits = 12
  #slots = Buffer.alloc(slotBytes << 12)
  #used = 0
  /** The ids are not always random (encryption none): this keeps chains short all the same. */
  #factors = crypto.randomFillSync(new Int32Array(8)).map((factor) => factor | 1)

  has(pack) {
    return this.#numbers.has(pack)
  }

  /** Takes in records of 44 bytes. */
  add(pack, records, name) {
    let number = this.#numbers.get(pack)
    if (number === undefined) {
      number = this.#packs.push(pack) - 1
      this.#numbers.set(pack, number)
    }
    for (let at = 0; at < records.length; at += recordBytes) {
      const sealedBytes = records.readUInt32LE(at + 36)
      const plainBytes = records.readUInt32LE(at + 40)
      if (
        plainBytes < 1 ||
        plainBytes > maxChunkBytes ||
        sealedBytes <= sealBytes ||
        sealedBytes > plainBytes + sealBytes
      )
        throw damaged(name, 'the lengths of a chunk are out of bounds')
      if (this.#used * 10 >= 6 << this.#bits) this.#grow()
      this.#put(records.subarray(at, at + recordBytes), number + 1)
    }
  }

  /** Every known copy of a chunk. */
  find(id) {
    const found = []
    for (let at = this.#home(id); this.#numberAt(at) !== 0; at = this.#next(at)) {
      if (id.compare(this.#slots, at, at + 32) !== 0) continue
      const [offset, sealedBytes, plainBytes] = [32, 36, 40].map((field) => this.#slots.readUInt32LE(at + field))
      found.push({ pack: this.#packs[this.#numberAt(at) - 1], offset, sealedBytes, plainBytes })
    }
    return found
  }

  #put(record, number) {
    const id = record.subarray(0, 32)
    let at = this.#home(id)
    for (let copies = 0; this.#numberAt(at) !== 0; at = this.#next(at)) {
      if (id.compare(this.#slots, at, at + 32) !== 0) continue
      if (this.#numberAt(at) === number || ++copies >= maxCopies) return
    }
    record.copy(this.#slots, at)
    this.#slots.writeUInt32LE(number, at + 44)
    this.#used++
  }

  #grow() {
    const old = this.#slots
    this.#bits++
    this.#slots = Buffer.alloc(old.length * 2)
    this.#used = 0
    for (let at = 0; at < old.length; at += slotBytes) {
      const number = old.readUInt32LE(at + 44)
      if (number !== 0) this.#put(old.subarray(at, at + recordBytes), number)
    }
  }

  #home(id) {
    const sum = this.#factors.reduce(
      (total, factor, word) => (total + Math.imul(factor, id.readInt32LE(word * 4))) | 0,
      0,
    )
    return (sum >>> (32 - this.#bits)) * slotBytes
  }

  #next(at) {
    return at + slotBytes === this.#slots.length ? 0 : at + slotBytes
  }

  #numberAt(at) {
    return this.#slots.readUInt32LE(at + 44)
  }
}

/** All index objects as one table. A damaged one is told and left out: everything in it is also in the packs. */
async function readIndex(repository) {
  const table = new ChunkTable()
  const seen = new Set()
  // One that vanishes between listing and reading was replaced by a prune.
  for (let again = true, rounds = 0; again && rounds < 10; rounds++) {
    again = false
    for (const name of await repository.folder.list('index', hex32)) {
      if (seen.has(name)) continue
      const object = `index/${name}`
      try {
        const plain = await readDocument(repository, object)
        if (plain === null) {
          again = true
          continue
        }
        addIndexObject(table, object, plain)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        warn(error.message)
      }
      seen.add(name)
    }
  }
  return table
}

function addIndexObject(table, name, plain) {
  for (let at = 0; at < plain.length; ) {
    if (plain.length - at < 40) throw damaged(name, 'it ends within an entry')
    const pack = plain.toString('hex', at, at + 32)
    const count = plain.readUInt32LE(at + 36)
    const end = at + 40 + count * recordBytes
    if (count > maxPackChunks || end > plain.length) throw damaged(name, 'the number of chunks is out of bounds')
    table.add(pack, plain.subarray(at + 40, end), name)
    at = end
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Packs (section 7) and chunks (section 6)

const packObject = (pack) => `packs/${pack.slice(0, 2)}/${pack}`

/** The records of a pack's own table. */
async function readPackTable({ folder, keys }, pack) {
  const name = packObject(pack)
  const opened = await openFile(folder.place(name))
  if (opened === null) throw damaged(name, 'it is missing')
  const { handle, size } = opened
  try {
    const trailer = size < 24 || size > maxObjectBytes ? null : await readRange(handle, size - 16, 16)
    if (trailer?.toString('latin1', 8) !== 'LFBTABLE') throw damaged(name, 'it does not end as a pack does')
    const [sealedBytes, count] = [trailer.readUInt32LE(0), trailer.readUInt32LE(4)]
    const plainBytes = 32 + count * recordBytes
    const start = size - 16 - sealedBytes
    if (count > maxPackChunks || sealedBytes !== plainBytes + sealBytes || start < 8)
      throw damaged(name, 'the length of its table is out of bounds')
    const seal = await readRange(handle, start, sealedBytes)
    const plain = seal && openSeal(keys.document, kinds.packTable, Buffer.from('pack'), plainBytes, seal)
    if (!plain) throw damaged(name, 'its table is not authentic')
    const records = plain.subarray(32)
    let offset = 8
    for (let at = 0; at < records.length; at += recordBytes) {
      if (records.readUInt32LE(at + 32) !== offset) throw damaged(name, 'its chunks do not lie one after the other')
      offset += records.readUInt32LE(at + 36)
    }
    if (offset !== start) throw damaged(name, 'its chunks do not end where its table begins')
    return records
  } finally {
    await handle.close()
  }
}

/** Takes in the packs that no index object lists. */
async function addUnlistedPacks(repository, table) {
  for (const prefix of await repository.folder.list('packs', /^[0-9a-f]{2}$/))
    for (const pack of await repository.folder.list(`packs/${prefix}`, hex64)) {
      if (table.has(pack) || !pack.startsWith(prefix)) continue
      try {
        table.add(pack, await readPackTable(repository, pack), packObject(pack))
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        warn(error.message)
      }
    }
}

/** Reads chunks by id from any copy that opens. */
function createChunkReader(repository, table) {
  const handles = new Map()
  const told = new Set()
  let sawAll = false

  const packHandle = async (pack) => {
    let handle = handles.get(pack)
    if (handle !== undefined) return handle
    handle = (await openFile(repository.folder.place(packObject(pack))))?.handle ?? null
    handles.set(pack, handle)
    if (handles.size > 16) {
      const [[oldest, unused]] = handles
      handles.delete(oldest)
      await unused?.close()
    }
    return handle
  }

  const readCopy = async (id, { pack, offset, sealedBytes, plainBytes }) => {
    const handle = await packHandle(pack)
    if (handle === null) return { problem: `${packObject(pack)} is missing` }
    const seal = await readRange(handle, offset, sealedBytes)
    if (seal === null) return { problem: `${packObject(pack)} is cut short` }
    const bytes = openSeal(repository.keys.seal, kinds.chunk, id, plainBytes, seal)
    return bytes === null ? { problem: `${packObject(pack)} is damaged at byte ${offset}` } : { bytes }
  }

  return {
    async read(hex) {
      const id = Buffer.from(hex, 'hex')
      const tried = new Set()
      const problems = []
      for (;;) {
        for (const copy of table.find(id)) {
          if (tried.has(copy.pack)) continue
          tried.add(copy.pack)
          const { bytes, problem } = await readCopy(id, copy)
          if (bytes) {
            for (const each of problems) if (!told.has(each)) warn(`${each}; another copy of the chunk was used.`)
            for (const each of problems) told.add(each)
            return bytes
          }
          problems.push(problem)
        }
        if (sawAll) break
        sawAll = true
        await addUnlistedPacks(repository, table)
      }
      if (problems.length === 0) throw new Failure(`No pack holds chunk ${hex}.`)
      throw new Failure(`Chunk ${hex} cannot be read: ${problems.join(', ')}.`)
    },
    async close() {
      for (const handle of handles.values()) await handle?.close()
    },
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Streams (section 6)

const isStream = (value) =>
  isObject(value) &&
  isCount(value.bytes) &&
  isCount(value.level) &&
  value.level <= maxLevel &&
  Array.isArray(value.ids) &&
  value.ids.length <= maxIds &&
  value.ids.every((id) => typeof id === 'string' && hex64.test(id))

async function* streamIds(chunks, ids, level, name) {
  if (level === 0) return yield* ids
  let rest = Buffer.alloc(0)
  for await (const id of streamIds(chunks, ids, level - 1, name)) {
    const piece = await chunks.read(id)
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const end = bytes.length - (bytes.length % 32)
    for (let at = 0; at < end; at += 32) yield bytes.toString('hex', at, at + 32)
    rest = bytes.subarray(end)
  }
  if (rest.length > 0) throw damaged(name, 'a list of ids ends within an id')
}

async function* readStream(chunks, stream, name) {
  let bytes = 0
  for await (const id of streamIds(chunks, stream.ids, stream.level, name)) {
    const piece = await chunks.read(id)
    bytes += piece.length
    if (bytes > stream.bytes) break
    yield piece
  }
  if (bytes !== stream.bytes) throw damaged(name, `it has not the ${stream.bytes} bytes it should have`)
}

/** Lines, without their ends; the last has to have one too. */
async function* readLines(pieces, maxBytes, name) {
  let parts = []
  let size = 0
  const keep = (part) => {
    size += part.length
    if (size > maxBytes) throw damaged(name, 'a line is longer than lines may be')
    parts.push(part)
  }
  for await (const piece of pieces) {
    let start = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      keep(piece.subarray(start, end))
      const line = parts.length === 1 ? parts[0] : Buffer.concat(parts)
      parts = []
      size = 0
      start = end + 1
      yield line
    }
    if (start < piece.length) keep(piece.subarray(start))
  }
  if (size > 0) throw damaged(name, 'it ends within a line')
}

async function* readRecords(chunks, stream, isRecord, name) {
  for await (const line of readLines(readStream(chunks, stream, name), maxRecordBytes, name)) {
    const record = parseJson(line.toString('utf8'))
    if (!isRecord(record)) throw damaged(name, 'a record is not as the format says')
    yield record
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Backups (section 9)

const isText = (value) => typeof value === 'string'
const isOid = (value) => isCount(value) && value < 2 ** 32
const isName = (value) => isObject(value) && isText(value.schema) && isText(value.name)
const isSegment = (value) =>
  isObject(value) &&
  isCount(value.bytes) &&
  isCount(value.rows) &&
  Array.isArray(value.chunks) &&
  value.chunks.every((id) => isText(id) && hex64.test(id))
const isSegments = (value) => (Array.isArray(value) ? value.every(isSegment) : isStream(value))
const isTable = (value) =>
  isName(value) &&
  isOid(value.oid) &&
  Array.isArray(value.columns) &&
  value.columns.every(isText) &&
  (value.load_via == null || isName(value.load_via)) &&
  isCount(value.rows) &&
  isCount(value.bytes) &&
  isSegments(value.segments)
const isSequence = (value) =>
  isName(value) && /^-?\d{1,19}$/.test(String(value.last_value)) && typeof value.is_called === 'boolean'
const isLargeObject = (value) =>
  isObject(value) &&
  isOid(value.oid) &&
  isText(value.owner) &&
  (value.acl === null || (Array.isArray(value.acl) && value.acl.every(isText))) &&
  (value.comment === null || isText(value.comment)) &&
  Array.isArray(value.labels) &&
  value.labels.every((each) => isObject(each) && isText(each.provider) && isText(each.label))
const isManifest = (value) =>
  isCount(value.number) &&
  isText(value.created_at) &&
  !Number.isNaN(Date.parse(value.created_at)) &&
  isObject(value.streams) &&
  ['schema', 'tables', 'sequences', 'large_objects'].every((name) => isStream(value.streams[name])) &&
  isSegments(value.large_object_segments) &&
  Array.isArray(value.media) &&
  value.media.every((each) => isObject(each) && isText(each.name) && isStream(each.tar)) &&
  isObject(value.snapshot) &&
  [1, 2, 4, 8, 16, 32].includes(value.snapshot.block_size / 1024) &&
  (value.populated_views == null || (Array.isArray(value.populated_views) && value.populated_views.every(isName)))

const backupId = /^b[0-9abcdefghjkmnpqrstvwxyz]{15}$/

async function readManifest(repository, id) {
  const name = `backups/${id}`
  const plain = await readDocument(repository, name)
  if (plain === null) throw new Failure(`There is no backup ${id}.`)
  const manifest = parseJson(plain.toString('utf8'))
  if (!isObject(manifest)) throw damaged(name, 'it is not a manifest')
  refuseNewer(name, manifest)
  if (manifest.id !== id) throw damaged(name, 'it is the manifest of another backup')
  if (!isManifest(manifest)) throw damaged(name, 'a field is not as the format says')
  return manifest
}

/** What lists show of every backup that opens, and what is wrong with the others. */
async function readSummaries(repository) {
  const summaries = []
  const problems = []
  for (const id of await repository.folder.list('backups', backupId)) {
    try {
      const { number, created_at, type, database, name, media, media_only: alone } = await readManifest(repository, id)
      const folders = media.map((each) => each.name)
      summaries.push({ id, number, created_at, type: alone ? 'media' : type, database, name, media: folders, alone })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      problems.push(error.message)
    }
  }
  // Never by time: a clock may have been wrong.
  summaries.sort((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1))
  return { summaries, problems }
}

/** `latest` is the newest one that holds what is asked for. */
async function resolveBackup(repository, reference, wanted) {
  const ids = await repository.folder.list('backups', backupId)
  if (ids.includes(reference)) return reference
  if (reference === 'latest' || /^\d+$/.test(reference)) {
    const { summaries, problems } = await readSummaries(repository)
    for (const problem of problems) warn(problem)
    if (reference !== 'latest')
      return onlyOne(
        summaries.filter(({ number }) => number === Number(reference)).map(({ id }) => id),
        reference,
      )
    const holding = summaries.filter(({ media: folders, alone }) => (wanted === 'media' ? folders.length > 0 : !alone))
    return onlyOne(
      holding.slice(-1).map(({ id }) => id),
      reference,
    )
  }
  return onlyOne(reference.length < 4 ? [] : ids.filter((id) => id.startsWith(reference)), reference)
}

function onlyOne(ids, reference) {
  if (ids.length === 0) throw new Failure(`There is no backup "${reference}". "list" shows those there are.`)
  if (ids.length > 1) throw new Failure(`"${reference}" means several backups: ${ids.slice(0, 5).join(', ')}.`)
  return ids[0]
}

/** COPY text of segments, with every sum checked. */
async function* readSegments(chunks, segments, name, sums = {}) {
  const list = Array.isArray(segments) ? segments : readRecords(chunks, segments, isSegment, `the segments of ${name}`)
  let [allBytes, allRows] = [0, 0]
  for await (const segment of list) {
    let [bytes, rows] = [0, 0]
    for (const id of segment.chunks) {
      const piece = await chunks.read(id)
      bytes += piece.length
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) rows++
      if (bytes > segment.bytes) break
      yield piece
    }
    if (bytes !== segment.bytes || rows !== segment.rows) throw damaged(name, 'a segment has other rows than it should')
    allBytes += bytes
    allRows += rows
  }
  if ((sums.bytes ?? allBytes) !== allBytes || (sums.rows ?? allRows) !== allRows)
    throw damaged(name, 'its segments do not add up')
}

// ---------------------------------------------------------------------------------------------------------------------
// Large objects: pages to bytes (appendix A.5)

function largeObjectCursor(pieces, pageBytes) {
  const lines = readLines(pieces, 2 * pageBytes + 64, 'the pages of large objects')
  let ahead
  const advance = async () => {
    const { value, done } = await lines.next()
    ahead = done ? null : readPage(value, pageBytes)
  }
  return async function* read(oid) {
    if (ahead === undefined) await advance()
    while (ahead !== null && ahead.oid < oid) await advance()
    let position = 0
    for (; ahead !== null && ahead.oid === oid; await advance()) {
      const start = ahead.page * pageBytes
      if (start < position) throw damaged(`large object ${oid}`, 'its pages overlap')
      for (; position < start; position += Math.min(pageBytes, start - position))
        yield Buffer.alloc(Math.min(pageBytes, start - position))
      yield ahead.data
      position = start + ahead.data.length
    }
  }
}

function readPage(line, pageBytes) {
  const match = /^(\d{1,10})\t(\d{1,10})\t\\\\x((?:[0-9a-f]{2})*)$/.exec(line.toString('latin1'))
  if (match === null || match[3].length > 2 * pageBytes)
    throw damaged('the pages of large objects', 'a row is malformed')
  return { oid: Number(match[1]), page: Number(match[2]), data: Buffer.from(match[3], 'hex') }
}

// ---------------------------------------------------------------------------------------------------------------------
// pg_dump's custom format: header and table of contents (appendix A.1). Strings are held one character per byte.

const sections = { preData: 2, data: 3, postData: 4, none: 1 }

function parseArchive(bytes) {
  const bad = (what) => damaged('the schema archive', what)
  let at = 0
  const take = (count) => {
    if (count > bytes.length - at) throw bad('it is cut short')
    at += count
    return bytes.subarray(at - count, at)
  }
  const byte = () => take(1)[0]
  const integer = () => {
    const sign = byte()
    const magnitude = take(4).readUInt32LE()
    if (sign > 1 || magnitude > 0x7fffffff) throw bad('a number is out of range')
    return sign === 1 ? -magnitude : magnitude
  }
  const string = () => {
    const length = integer()
    if (length < 0) return null
    return take(length).toString('latin1')
  }
  const dependencies = () => {
    const ids = []
    for (let text = string(); text !== null; text = string()) {
      if (!/^\d{1,10}$/.test(text) || Number(text) < 1 || Number(text) > 0x7fffffff) throw bad('a dependency is no id')
      ids.push(Number(text))
    }
    return ids
  }

  if (take(5).toString('latin1') !== 'PGDMP') throw bad('it does not begin with PGDMP')
  const [major, version] = [byte(), byte()]
  byte()
  if (major !== 1 || version < 14 || version > 16) throw bad(`its version ${major}.${version} is not known`)
  const [integerBytes, offsetBytes, kind] = [byte(), byte(), byte()]
  if (integerBytes !== 4 || (offsetBytes !== 4 && offsetBytes !== 8) || kind !== 1) throw bad('it is of another build')
  if (version < 15) integer()
  else byte()
  for (let field = 0; field < 7; field++) integer()
  const header = { version, database: string(), serverVersion: string(), dumpVersion: string() }
  const count = integer()
  if (count < 0 || count > bytes.length / 80) throw bad('it claims more entries than it holds')
  const entries = Array.from({ length: count }, () => {
    const entry = {
      dumpId: integer(),
      hasData: integer() !== 0,
      tableOid: string(),
      oid: string(),
      tag: string(),
      kind: string() ?? '',
      section: integer(),
      definition: string(),
      dropStatement: string(),
      copyStatement: string(),
      schema: string(),
      tablespace: string(),
      accessMethod: string(),
      relkind: version >= 16 ? integer() : 0,
      owner: string(),
      withOids: string(),
      dependencies: dependencies(),
      state: byte(),
    }
    take(offsetBytes)
    if (entry.hasData || entry.section < 1 || entry.section > 4) throw bad('it holds more than definitions')
    return entry
  })
  return { header, entries }
}

function encodeInteger(value) {
  const bytes = Buffer.alloc(5)
  bytes[0] = value < 0 ? 1 : 0
  bytes.writeUInt32LE(Math.abs(value), 1)
  return bytes
}

function encodeString(text) {
  return text === null ? encodeInteger(-1) : Buffer.concat([encodeInteger(text.length), Buffer.from(text, 'latin1')])
}

/** Offsets of 8 bytes and gzip at level 6, whatever the schema archive has. */
function encodeHeader({ version, database, serverVersion, dumpVersion }, date) {
  const time = [
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    date.getUTCFullYear() - 1900,
    0,
  ]
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, version, 0, 4, 8, 1]),
    version < 15 ? encodeInteger(gzipLevel) : Buffer.from([1]),
    ...time.map(encodeInteger),
    ...[database, serverVersion, dumpVersion].map(encodeString),
  ])
}

const positionBytes = 9

function encodeEntry(entry, version) {
  const position = Buffer.alloc(positionBytes)
  position[0] = entry.state
  return Buffer.concat([
    encodeInteger(entry.dumpId),
    encodeInteger(entry.hasData ? 1 : 0),
    ...[entry.tableOid, entry.oid, entry.tag, entry.kind].map(encodeString),
    encodeInteger(entry.section),
    ...[entry.definition, entry.dropStatement, entry.copyStatement].map(encodeString),
    ...[entry.schema, entry.tablespace, entry.accessMethod].map(encodeString),
    ...(version >= 16 ? [encodeInteger(entry.relkind)] : []),
    encodeString(entry.owner),
    encodeString('false'),
    ...entry.dependencies.map((id) => encodeString(String(id))),
    encodeString(null),
    position,
  ])
}

function newEntry(entry) {
  return {
    hasData: false,
    tableOid: '0',
    oid: '0',
    tag: null,
    definition: null,
    dropStatement: null,
    copyStatement: null,
    schema: null,
    tablespace: null,
    accessMethod: null,
    relkind: 0,
    owner: null,
    dependencies: [],
    state: entry.hasData ? 1 : 3,
    ...entry,
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Text in the archive's encoding (appendix A.2)

/** PostgreSQL's encodings by the names of the Encoding Standard. */
const encodingLabels = {
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
}

/** `encode` gives a text's bytes as the archive holds them, one character per byte; `decode` is the way back. */
function archiveText(schema) {
  const definition =
    schema.entries.find(({ kind }) => kind === 'ENCODING')?.definition ?? "SET client_encoding = 'UTF8';"
  const encoding = /^SET client_encoding = '([A-Za-z0-9_]+)';\s*$/.exec(definition)?.[1].toUpperCase()
  if (encoding === 'LATIN1')
    return { encode: throughTable(new Map(allBytes.map((each) => [each, each]))), decode: String }
  const isUtf8 = encoding === 'UTF8' || encoding === 'SQL_ASCII'
  const label = Object.hasOwn(encodingLabels, encoding ?? '') ? encodingLabels[encoding] : undefined
  if (!isUtf8 && label === undefined) throw new Failure(`The encoding ${encoding} of the database is not supported.`)
  const decoder = new TextDecoder(isUtf8 ? 'utf-8' : label, { fatal: true, ignoreBOM: true })
  const decode = (bytes) => {
    try {
      return decoder.decode(Buffer.from(bytes, 'latin1'))
    } catch {
      throw new Failure(`A name of the backup is not valid ${encoding}.`)
    }
  }
  if (isUtf8) return { encode: (text) => Buffer.from(text).toString('latin1'), decode }
  const characters = new Map()
  for (const byte of allBytes) {
    try {
      characters.set(decode(byte), byte)
    } catch {
      // No character has this byte.
    }
  }
  return { encode: throughTable(characters), decode }
}

const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

function throughTable(characters) {
  const byteOf = (character) => {
    const byte = character < '\x80' ? character : characters.get(character)
    if (byte === undefined) throw new Failure('The encoding of the database cannot hold a name of the backup.')
    return byte
  }
  return (text) => Array.from(text, byteOf).join('')
}

function quoteIdentifier(name) {
  if (name.includes('\0')) throw new Failure('A name of the backup holds a NUL character.')
  return `"${name.replaceAll('"', '""')}"`
}

function quoteLiteral(text) {
  if (text.includes('\0')) throw new Failure('A text of the backup holds a NUL character.')
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? `E${quoted}` : quoted
}

const qualifiedName = ({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`

// ---------------------------------------------------------------------------------------------------------------------
// The entries that are added to the schema archive (appendix A.3 to A.5)

/** The whole table of contents, the same at every call. */
function archiveEntries(schema, source) {
  const { version } = schema.header
  const { encode, decode } = archiveText(schema)
  const relations = new Map(
    schema.entries
      .filter(({ kind }) => ['TABLE', 'SEQUENCE', 'MATERIALIZED VIEW', 'FOREIGN TABLE'].includes(kind))
      .map((entry) => [JSON.stringify([entry.schema, entry.tag]), entry]),
  )
  const find = ({ schema: name, name: tag }) => relations.get(JSON.stringify([encode(name), encode(tag)]))
  const named = (relation) => {
    const definition = find(relation)
    return {
      tag: encode(relation.name),
      schema: encode(relation.schema),
      owner: definition?.owner ?? '',
      dependencies: definition ? [definition.dumpId] : [],
    }
  }
  const postData = schema.entries.findIndex(({ section }) => section === sections.postData)
  const split = postData < 0 ? schema.entries.length : postData
  const partitionsOf = partitionIndex(schema.entries)
  const highest = schema.entries.reduce((high, { dumpId, dependencies }) => Math.max(high, dumpId, ...dependencies), 0)
  const views =
    source.populatedViews ??
    schema.entries
      .filter(({ kind }) => kind === 'MATERIALIZED VIEW')
      .map((entry) => ({ schema: decode(entry.schema ?? ''), name: decode(entry.tag ?? '') }))

  return async function* entries() {
    let last = highest
    const nextId = () => ++last
    const rowsOf = new Map()
    const groups = []
    let objects = 0
    async function* largeObjects() {
      for await (const group of source.largeObjectGroups()) {
        objects += group.length
        const made = largeObjectEntries(group, { version, nextId, encode })
        if (version >= 16) groups.push({ dumpId: made[0].dumpId, tag: made[0].tag, owner: made[0].owner })
        yield* made
      }
    }

    yield* schema.entries.slice(0, split)
    if (version < 16) yield* largeObjects()
    for await (const table of source.tables()) {
      const relation = find(table)
      const entry = tableDataEntry(table, relation, { ...named(table), dumpId: nextId() }, encode)
      if (relation) rowsOf.set(relation.dumpId, entry.dumpId)
      yield entry
    }
    for await (const sequence of source.sequences()) {
      const name = quoteLiteral(qualifiedName(sequence))
      yield newEntry({
        ...named(sequence),
        dumpId: nextId(),
        kind: 'SEQUENCE SET',
        section: sections.data,
        definition: encode(
          `SELECT pg_catalog.setval(${name}, ${BigInt(sequence.last_value)}, ${sequence.is_called});\n`,
        ),
      })
    }
    const blobs = { kind: 'BLOBS', section: sections.data, hasData: true }
    if (version >= 16) {
      yield* largeObjects()
      for (const { tag, owner, dumpId } of groups)
        yield newEntry({ ...blobs, dumpId: nextId(), tag, owner, dependencies: [dumpId] })
    } else if (objects > 0) yield newEntry({ ...blobs, dumpId: nextId(), tag: 'BLOBS' })
    for (const entry of schema.entries.slice(split)) {
      const rows = entry.section === sections.postData ? entry.dependencies.flatMap(partitionsOf) : []
      const waits = rows.flatMap((id) => rowsOf.get(id) ?? [])
      yield waits.length === 0 ? entry : { ...entry, dependencies: [...new Set([...entry.dependencies, ...waits])] }
    }
    yield* refreshEntries(schema, views, { find, named, nextId, encode })
  }
}

function tableDataEntry(table, relation, named, encode) {
  const columns = table.columns.length === 0 ? '' : `(${table.columns.map(quoteIdentifier).join(', ')})`
  return newEntry({
    ...named,
    kind: 'TABLE DATA',
    section: sections.data,
    hasData: true,
    oid: relation?.oid ?? String(table.oid),
    definition: table.load_via ? encode(`-- load via partition root ${qualifiedName(table.load_via)}`) : null,
    copyStatement: encode(`COPY ${qualifiedName(table.load_via ?? table)} ${columns} FROM stdin;\n`),
  })
}

/** All partitions below a table, at any depth, by dump id. */
function partitionIndex(entries) {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]))
  const children = new Map()
  for (const { kind, tag, schema, dependencies } of entries) {
    if (kind !== 'TABLE ATTACH') continue
    const ends = dependencies.filter((id) => byId.get(id)?.kind.endsWith('TABLE'))
    const child = ends.find((id) => byId.get(id).tag === tag && byId.get(id).schema === schema)
    const parent = ends.find((id) => id !== child)
    if (child !== undefined && parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child])
  }
  return (table) => [...reachable(children, table)]
}

/** Everything below `start`, without itself. */
function reachable(edges, start) {
  const seen = new Set()
  const open = [start]
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const next of edges.get(id) ?? [])
      if (next !== start && !seen.has(next)) {
        seen.add(next)
        open.push(next)
      }
  return seen
}

/** Materialized views that held rows, each after those it reads from. */
function refreshEntries(schema, populated, { find, named, nextId, encode }) {
  const compareBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const views = populated
    .map((view) => ({ view, relation: find(view) }))
    .filter(({ relation }) => relation?.kind === 'MATERIALIZED VIEW')
    .sort((a, b) => compareBytes(a.view.schema, b.view.schema) || compareBytes(a.view.name, b.view.name))
  const byId = new Map(schema.entries.map((entry) => [entry.dumpId, entry]))
  const edges = new Map(schema.entries.map(({ dumpId, dependencies }) => [dumpId, [...dependencies]]))
  for (const { kind, tag, dependencies } of schema.entries) {
    // A view that pg_dump split in two to break a circle.
    const view = kind === 'RULE' ? dependencies.find((id) => `${byId.get(id)?.tag} _RETURN` === tag) : undefined
    if (view !== undefined) edges.get(view)?.push(...dependencies)
  }
  const wanted = new Map(views.map((each) => [each.relation.dumpId, each]))
  const made = new Map()
  const visit = (id) => {
    if (made.has(id)) return
    const sources = [...reachable(edges, id)].filter((source) => wanted.has(source))
    // Marked first: a circle, which PostgreSQL does not allow, must not go round for ever.
    made.set(id, null)
    for (const source of sources) visit(source)
    const { view, relation } = wanted.get(id)
    const entry = { ...named(view), dumpId: nextId() }
    const refreshes = sources.flatMap((source) => made.get(source)?.dumpId ?? [])
    made.delete(id)
    made.set(
      id,
      newEntry({
        ...entry,
        kind: 'MATERIALIZED VIEW DATA',
        section: sections.postData,
        oid: relation.oid,
        definition: encode(`REFRESH MATERIALIZED VIEW ${qualifiedName(view)};\n`),
        dependencies: [...entry.dependencies, ...refreshes],
      }),
    )
  }
  for (const id of wanted.keys()) visit(id)
  return made.values()
}

const groupSize = 1000

/** Neighbours with the same owner and rights, at most 1000; before version 1.16 each object alone. */
async function* groupLargeObjects(objects, version) {
  let group = []
  const rights = ({ owner, acl }) => JSON.stringify([owner, acl])
  for await (const object of objects) {
    const isFull = group.length >= (version < 16 ? 1 : groupSize)
    if (group.length > 0 && (isFull || rights(group[0]) !== rights(object))) {
      yield group
      group = []
    }
    group.push(object)
  }
  if (group.length > 0) yield group
}

function largeObjectEntries(group, { version, nextId, encode }) {
  const [first] = group
  const dumpId = nextId()
  const owner = encode(first.owner)
  const tag = group.length === 1 ? String(first.oid) : `${first.oid}..${group.at(-1).oid}`
  const about = (of, kind, name, definition) =>
    newEntry({
      dumpId: nextId(),
      kind,
      section: sections.none,
      tag: name,
      owner: encode(of.owner),
      definition: encode(definition),
      dependencies: [dumpId],
    })
  const object = { dumpId, tableOid: '2613', oid: String(first.oid), tag, owner }
  const entries = [
    version < 16
      ? newEntry({
          ...object,
          kind: 'BLOB',
          section: sections.preData,
          definition: `SELECT pg_catalog.lo_create('${first.oid}');\n`,
          dropStatement: `SELECT pg_catalog.lo_unlink('${first.oid}');\n`,
        })
      : newEntry({
          ...object,
          kind: 'BLOB METADATA',
          section: sections.data,
          definition: group.map(({ oid }) => `${oid}\n`).join(''),
          dropStatement: '-- dummy',
        }),
  ]
  for (const each of group) {
    const name = `LARGE OBJECT ${each.oid}`
    if (each.comment !== null)
      entries.push(about(each, 'COMMENT', name, `COMMENT ON ${name} IS ${quoteLiteral(each.comment)};\n`))
    const labels = each.labels.map(
      ({ provider, label }) =>
        `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${name} IS ${quoteLiteral(label)};\n`,
    )
    if (labels.length > 0) entries.push(about(each, 'SECURITY LABEL', name, labels.join('')))
  }
  const grants = largeObjectGrants(first)
  if (grants !== '') entries.push(about(first, 'ACL', `LARGE OBJECT${group.length === 1 ? '' : 'S'} ${tag}`, grants))
  return entries
}

/** What turns a new object's rights, everything for its owner, into `acl`. */
function largeObjectGrants({ oid, owner, acl }) {
  if (acl === null) return ''
  const place = `ON LARGE OBJECT ${oid}`
  const items = acl.map(parseAclItem)
  const isDefault = (item) =>
    item.grantee === owner && item.grantor === owner && item.plain === 'ALL' && !item.grantable
  const statements = items.some(isDefault) ? [] : [`REVOKE ALL ${place} FROM ${quoteIdentifier(owner)};`]
  for (const item of items.filter((each) => !isDefault(each))) {
    const grantee = item.grantee === '' ? 'PUBLIC' : quoteIdentifier(item.grantee)
    const granted = []
    if (item.plain) granted.push(`GRANT ${item.plain} ${place} TO ${grantee};`)
    if (item.grantable) granted.push(`GRANT ${item.grantable} ${place} TO ${grantee} WITH GRANT OPTION;`)
    if (item.grantor !== owner) {
      granted.unshift(`SET SESSION AUTHORIZATION ${quoteIdentifier(item.grantor)};`)
      granted.push('RESET SESSION AUTHORIZATION;')
    }
    statements.push(...granted)
  }
  return statements.map((statement) => `${statement}\n`).join('')
}

/** `grantee=r*w/grantor`, names quoted where they need to be. */
function parseAclItem(text) {
  const match = /^((?:"(?:[^"]|"")*"|[^="])*)=((?:[rw]\*?)*)\/(.+)$/su.exec(text)
  if (match === null) throw new Failure('The rights of a large object are not understood.')
  const unquote = (name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name)
  const rights = [...match[2].matchAll(/([rw])(\*?)/g)]
  const list = (star) => {
    const names = rights.filter((right) => right[2] === star).map((right) => (right[1] === 'r' ? 'SELECT' : 'UPDATE'))
    return names.length === 2 ? 'ALL' : names.join(',')
  }
  return { grantee: unquote(match[1]), grantor: unquote(match[3]), plain: list(''), grantable: list('*') }
}

// ---------------------------------------------------------------------------------------------------------------------
// Compression (appendix A.6)

const gzipLevel = 6
const pieceBytes = 128 << 10
const windowBytes = 32 << 10
const deflateRaw = util.promisify(zlib.deflateRaw)
const gzip = util.promisify(zlib.gzip)

const zlibStream = {
  head: Buffer.from([0x78, 0x9c]),
  // At once: a repository may hold a million small large objects, and each wait leaves a compressor's memory behind.
  whole: (bytes) => zlib.deflateSync(bytes, { level: gzipLevel, chunkSize: Math.min(bytes.length + 128, 64 << 10) }),
  firstSum: 1,
  sum: adler32,
  tail(sum) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(sum)
    return bytes
  },
}

const gzipStream = {
  head: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
  whole: (bytes) => gzip(bytes, { level: gzipLevel }),
  firstSum: 0,
  sum: (bytes, before) => zlib.crc32(bytes, before),
  tail(sum, length) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(sum)
    bytes.writeUInt32LE(length % 2 ** 32, 4)
    return bytes
  },
}

/** Compresses in pieces, a few of them at once, each knowing the end of the one before. */
async function* compress(source, container) {
  const pieces = cutPieces(source)
  try {
    const first = await pieces.next()
    const second = first.done ? first : await pieces.next()
    if (second.done) {
      yield await container.whole(first.value ?? Buffer.alloc(0))
      return
    }
    const underway = []
    const most = Math.max(2, Math.min(4, os.availableParallelism()))
    let sum = container.firstSum
    let length = 0
    let dictionary
    const start = (piece) => {
      const work = deflateRaw(piece, {
        level: gzipLevel,
        chunkSize: 128 << 10,
        finishFlush: zlib.constants.Z_SYNC_FLUSH,
        ...(dictionary && { dictionary }),
      })
      // Whoever awaits it hears of a failure.
      work.catch(() => {})
      underway.push(work)
      sum = container.sum(piece, sum)
      length += piece.length
      dictionary = piece.subarray(-windowBytes)
    }
    yield container.head
    start(first.value)
    start(second.value)
    for await (const piece of pieces) {
      if (underway.length >= most) yield await underway.shift()
      start(piece)
    }
    for (const work of underway) yield await work
    yield Buffer.concat([Buffer.from([3, 0]), container.tail(sum, length)])
  } finally {
    await pieces.return()
  }
}

async function* cutPieces(source) {
  let parts = []
  let size = 0
  for await (let bytes of source) {
    while (size + bytes.length >= pieceBytes) {
      const part = bytes.subarray(0, pieceBytes - size)
      yield Buffer.concat([...parts, part])
      parts = []
      size = 0
      bytes = bytes.subarray(part.length)
    }
    if (bytes.length === 0) continue
    parts.push(bytes)
    size += bytes.length
  }
  if (size > 0) yield Buffer.concat(parts)
}

/** RFC 1950, section 8. */
function adler32(bytes, before) {
  let low = before & 0xffff
  let high = before >>> 16
  for (let at = 0; at < bytes.length; ) {
    // As many sums as fit into 32 bits before they have to be reduced.
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) {
      low += bytes[at]
      high += low
    }
    low %= 65_521
    high %= 65_521
  }
  return high * 65_536 + low
}

// ---------------------------------------------------------------------------------------------------------------------
// The output

/** Removes what is half written when the process is told to end. */
const unfinished = new Set()
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])
  process.on(signal, () => {
    for (const file of unfinished) fs.rmSync(file, { force: true })
    process.exit(code)
  })

/** Runs `write` on a file beside `file`, for its owner alone, and gives it its name when it is whole and on disk. */
async function writeOutput(file, write) {
  const folder = path.dirname(path.resolve(file))
  const partial = path.join(folder, `.${path.basename(file)}.${crypto.randomBytes(6).toString('hex')}.partial`)
  const handle = await fs.promises.open(partial, 'wx', 0o600)
  unfinished.add(partial)
  try {
    const output = createOutput(handle)
    await write(output)
    await output.flush()
    await handle.sync()
    await handle.close()
    const digest = crypto.createHash('sha256')
    for await (const piece of fs.createReadStream(partial, { highWaterMark: 1 << 20 })) digest.update(piece)
    await fs.promises.rename(partial, file)
    if (process.platform !== 'win32') {
      const parent = await fs.promises.open(folder)
      await parent.sync().finally(() => parent.close())
    }
    process.stdout.write(`${printable(file)}: ${output.position()} bytes, SHA-256 ${digest.digest('hex')}\n`)
  } catch (error) {
    await handle.close().catch(() => {})
    await fs.promises.rm(partial, { force: true })
    throw error
  } finally {
    unfinished.delete(partial)
  }
}

function createOutput(handle) {
  const held = Buffer.alloc(256 << 10)
  let size = 0
  let flushed = 0
  const put = async (bytes, position) => {
    for (let done = 0; done < bytes.length; )
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
  const flush = async () => {
    await put(held.subarray(0, size), flushed)
    flushed += size
    size = 0
  }
  return {
    flush,
    position: () => flushed + size,
    /** Small pieces are copied: each may be a corner of a large buffer that it would keep alive. */
    async write(bytes) {
      if (size + bytes.length > held.length) await flush()
      if (bytes.length > held.length) {
        await put(bytes, flushed)
        flushed += bytes.length
      } else size += bytes.copy(held, size)
    },
    /** Overwrites bytes written and flushed before. */
    patch: put,
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The commands

async function dump(chunks, manifest, output) {
  const { streams } = manifest
  const schema = parseArchive(await readSchema(chunks, streams.schema))
  const { version } = schema.header
  const objects = () => readRecords(chunks, streams.large_objects, isLargeObject, 'the list of large objects')
  const source = {
    async *tables() {
      for await (const table of readRecords(chunks, streams.tables, isTable, 'the list of tables'))
        if (!table.rows_excluded) yield table
    },
    sequences: () => readRecords(chunks, streams.sequences, isSequence, 'the list of sequences'),
    largeObjectGroups: () => groupLargeObjects(objects(), version),
    populatedViews: manifest.populated_views ?? null,
  }
  const entries = archiveEntries(schema, source)

  let count = 0
  for await (const _ of entries()) count++
  await output.write(encodeHeader(schema.header, new Date(manifest.created_at)))
  await output.write(encodeInteger(count))
  const blocks = []
  for await (const entry of entries()) {
    await output.write(encodeEntry(entry, version))
    if (entry.hasData) blocks.push({ dumpId: entry.dumpId, at: output.position() - positionBytes, offset: 0 })
  }
  let next = 0
  const begin = async (kind) => {
    blocks[next].offset = output.position()
    await output.write(Buffer.concat([Buffer.from([kind]), encodeInteger(blocks[next++].dumpId)]))
  }
  for await (const table of source.tables()) {
    await begin(1)
    await writeRuns(output, withEndOfRows(readSegments(chunks, table.segments, `table ${qualifiedName(table)}`, table)))
  }
  await writeLargeObjects(chunks, manifest, { output, begin, version, source })
  await output.flush()
  for (const { at, offset } of blocks) {
    const position = Buffer.alloc(positionBytes)
    position[0] = 2
    position.writeBigUInt64LE(BigInt(offset), 1)
    await output.patch(position, at)
  }
}

async function readSchema(chunks, stream) {
  if (stream.bytes > maxSchemaBytes) throw damaged('the schema archive', 'it is longer than it may be')
  const pieces = []
  for await (const piece of readStream(chunks, stream, 'the schema archive')) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** From version 1.16 on a block for each group, before that one for all. */
async function writeLargeObjects(chunks, manifest, { output, begin, version, source }) {
  const pages = readSegments(chunks, manifest.large_object_segments, 'the pages of large objects')
  const read = largeObjectCursor(pages, manifest.snapshot.block_size / 4)
  let isOpen = false
  for await (const group of source.largeObjectGroups()) {
    if (!isOpen) await begin(3)
    isOpen = true
    for (const { oid } of group) {
      await output.write(encodeInteger(oid | 0))
      await writeRuns(output, read(oid))
    }
    if (version < 16) continue
    await output.write(encodeInteger(0))
    isOpen = false
  }
  if (isOpen) await output.write(encodeInteger(0))
}

async function writeRuns(output, bytes) {
  for await (const run of compress(bytes, zlibStream)) {
    await output.write(encodeInteger(run.length))
    await output.write(run)
  }
  await output.write(encodeInteger(0))
}

async function* withEndOfRows(rows) {
  yield* rows
  yield Buffer.from('\\.\n\n\n')
}

const tarEnd = Buffer.alloc(1024)

/** Several tars as one: the end of all but the last is left out. */
async function* joinTars(chunks, media) {
  for (const { name, tar } of media) {
    let held = Buffer.alloc(0)
    for await (const piece of readStream(chunks, tar, `media ${JSON.stringify(name)}`)) {
      const bytes = held.length === 0 ? piece : Buffer.concat([held, piece])
      const end = Math.max(0, bytes.length - tarEnd.length)
      if (end > 0) yield bytes.subarray(0, end)
      held = bytes.subarray(end)
    }
    if (!tarEnd.equals(held)) throw damaged(`media ${JSON.stringify(name)}`, 'it does not end as a tar does')
  }
  yield tarEnd
}

async function media(chunks, manifest, output) {
  for await (const bytes of compress(joinTars(chunks, manifest.media), gzipStream)) await output.write(bytes)
}

async function list(repository) {
  const { summaries, problems } = await readSummaries(repository)
  const rows = summaries.map(({ number, id, created_at, type, database, name, media: folders }) =>
    [number, id, created_at, type ?? '', database ?? '', name ?? '', folders.join(' ')].map(printable),
  )
  rows.unshift(['number', 'id', 'created at', 'type', 'database', 'name', 'media'])
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd()}\n`,
    )
  for (const problem of problems) warn(problem)
  if (problems.length > 0) process.exitCode = 1
}

/** The key that was given: a kind of slot and the slot's secret, or the passphrase it is made from. */
async function readKey({
  'passphrase-file': passphraseFile,
  'key-file': keyFile,
  'unwrapped-key-file': unwrappedFile,
}) {
  if ([passphraseFile, keyFile, unwrappedFile].filter((file) => file !== undefined).length > 1)
    throw new Failure('Give one of --passphrase-file, --key-file and --unwrapped-key-file.', 2)
  const fromFile = async (file) => {
    const bytes = await readWhole(file, file, 1 << 20)
    if (bytes === null) throw new Failure(`There is no file ${file}.`, 2)
    return bytes
  }
  const passphrase = (text) => ({ kind: 'passphrase', secret: Buffer.from(text.normalize('NFC')) })
  if (keyFile !== undefined) {
    const bytes = await fromFile(keyFile)
    if (bytes.length === 32) return { kind: 'raw_key', secret: bytes }
    // As a recovery kit prints it, too: four numbered lines, each with two check digits at its end.
    const printed = /^[ \t]*[1-4][\s.:]+((?:[0-9a-f]\s*){16})\s*[0-9a-f]{2}[ \t\r]*$/gim
    const lines = [...bytes.toString('latin1').matchAll(printed)].map(([, digits]) => digits.replace(/\s/g, ''))
    const text = lines.length === 4 ? lines.join('') : bytes.toString('latin1').trim()
    if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new Failure(`${keyFile} is not 32 bytes or 64 hex digits.`, 2)
    return { kind: 'raw_key', secret: Buffer.from(text, 'hex') }
  }
  if (unwrappedFile !== undefined) {
    const bytes = await fromFile(unwrappedFile)
    if (bytes.length !== 32) throw new Failure(`${unwrappedFile} is not 32 bytes.`, 2)
    return { kind: 'unwrapped', secret: bytes }
  }
  if (passphraseFile !== undefined) {
    const text = (await fromFile(passphraseFile)).toString('utf8').replace(/\r?\n$/, '')
    if (text === '') throw new Failure(`${passphraseFile} is empty.`, 2)
    return passphrase(text)
  }
  if (process.env.LIFEBOAT_PASSPHRASE) return passphrase(process.env.LIFEBOAT_PASSPHRASE)
  return { kind: 'none', secret: Buffer.alloc(32) }
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 ? major > 23 || minor >= 8 : major === 22 && minor >= 15) return
  throw new Failure(
    `This needs Node.js 22.15 or newer (of 23: 23.8), for zstd; this one is ${process.versions.node}.`,
    2,
  )
}

function parseArguments() {
  try {
    return util.parseArgs({
      allowPositionals: true,
      options: {
        'passphrase-file': { type: 'string' },
        'key-file': { type: 'string' },
        'unwrapped-key-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Failure(`${error.message} See --help.`, 2)
  }
}

async function main() {
  refuseOldNode()
  const { values, positionals } = parseArguments()
  if (values.help) return process.stdout.write(help)
  const [command, root, reference, file] = positionals
  const wanted = { list: 2, dump: 4, media: 4, keys: 2, wrapped: 4 }
  if (!Object.hasOwn(wanted, command ?? '') || positionals.length !== wanted[command])
    throw new Failure('Call it as: list REPOSITORY, or dump or media REPOSITORY BACKUP OUT. See --help.', 2)

  const folder = openFolder(root)
  const config = await readConfig(folder)
  if (command === 'keys') return showKeys({ folder, config })
  if (command === 'wrapped') return writeWrapped({ folder, config }, reference, file)
  const repository = { folder, keys: await openKeys(folder, config, await readKey(values)) }
  if (command === 'list') return list(repository)
  const manifest = await readManifest(repository, await resolveBackup(repository, reference, command))
  if (command === 'dump' && manifest.media_only)
    throw new Failure(`Backup ${manifest.id} holds media folders and no database: write them with "media".`)
  if (command === 'media' && manifest.media.length === 0)
    throw new Failure(`Backup ${manifest.id} holds no media files.`)
  const { number, id, created_at, database } = manifest
  process.stdout.write(`${printable(`Backup ${number}, ${id}, of ${created_at}, database ${database}`)}\n`)
  if (command === 'media' && manifest.lost_files > 0)
    warn(`${manifest.lost_files} files could not be read when this backup was made: they are not in it, or not whole.`)
  const chunks = createChunkReader(repository, await readIndex(repository))
  try {
    await writeOutput(file, (output) => (command === 'dump' ? dump : media)(chunks, manifest, output))
  } finally {
    await chunks.close()
  }
}

// A reader of the messages that goes away must not end an export.
process.stdout.on('error', () => {})
main().catch((error) => {
  const isOurs = error instanceof Failure
  const isOfTheSystem = typeof error?.syscall === 'string'
  warn(isOurs || isOfTheSystem ? error.message : (error?.stack ?? error))
  process.exitCode = isOurs ? error.code : 1
})
