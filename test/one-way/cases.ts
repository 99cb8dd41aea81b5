import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackupEngine } from '@lifeboat/core'
import { type ActionName, insideOf } from '@lifeboat/core/actions'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import type { Input } from './doors.ts'

export interface Ground {
  engine: BackupEngine
  cluster: TemporaryCluster
  database: string
  folder: string
}

export interface Case {
  /** Makes what the action is done to, each time, and says what is asked for. */
  input?(ground: Ground): Promise<Input> | Input
  /** The code that every door refuses with; default: it succeeds. */
  refused?: string
  /** The command line after the command's name, where it is not the subject and one option for each input. */
  words?(input: Input): string[]
}

const oneBackup = async ({ engine }: Ground) => ({ backup: (await engine.backups.create()).id })
const latest = () => ({ backup: 'latest' })
/** Targets whose database is not there yet: each is adopted once. */
export const spareTargets = Array.from({ length: 30 }, (_, n) => `spare_${n}`)
let spared = 0
const spareTarget = () => spareTargets[spared++ % spareTargets.length] as string
const noTarget = () => ({ target: 'none' })
const noRequest = () => ({ request: 'a000000000000000' })

const restored = async ({ engine }: Ground) => {
  const { id } = await engine.restores.run('latest', { confirm: true, safetyBackup: false })
  return { restore: id }
}

const changed = async (ground: Ground) => {
  const given = await oneBackup(ground)
  await ground.cluster.sql(ground.database, 'UPDATE orders SET note = note || 1 WHERE id < 10')
  return given
}

const rewound = async (ground: Ground) => {
  const { backup } = await changed(ground)
  const { rewindId } = await ground.engine.rows.rewind(backup, { confirm: true, safetyBackup: false })
  return { rewind: rewindId }
}

/** One of a policy that is there no more: it can be looked at, and is of no use. */
const requested = async ({ engine }: Ground) => {
  const { catalog } = await insideOf(engine).ground.background()
  const asked = { summary: 'Deletes a backup.', parameters: {}, plan: null, loss: null, face: 'library' }
  const { approval } = await catalog.approvals.add({
    ...{ id: fresh('a00000'), action: 'backups.delete', subject: null, requested_by: 'bob' },
    ...{ ask_hash: fresh('ask'), plan_hash: 'plan', policy_hash: 'policy' },
    ...{ requested_at: '2026-01-01T00:00:00.000Z', expires_at: '2126-01-01T00:00:00.000Z' },
    asked: { ...asked, requester_known: true, irreversible: true, replaces: null },
  })
  return { request: approval.id }
}

/** The command is given the new passphrase by a file. */
const newKey: Case = {
  async input({ folder }) {
    await writeFile(join(folder, 'new-passphrase'), 'correct horse battery', { mode: 0o600 })
    return { key: { passphrase: 'correct horse battery' } }
  },
  words: () => ['--new-passphrase-file', 'new-passphrase'],
}

let count = 0
const fresh = (name: string) => `${name}_${++count}`

/** What each action is asked for. One that is missing here does not compile. */
export const cases: Record<ActionName, Case> = {
  adopt: {},
  bench: { input: () => ({ seconds: 1, megabytes: 1 }) },
  checklist: {},
  doctor: {},
  health: {},
  protection: {},
  recoveryPlan: {},
  statistics: {},
  status: {},
  'alarms.acknowledge': { input: () => ({ alarm: 'none', reason: 'looked at' }), refused: 'ALARM_NOT_FOUND' },
  'alarms.list': {},
  'approvals.approve': { input: requested, refused: 'APPROVAL_CLOSED' },
  'approvals.breakGlass': {
    input: () => ({ ...noRequest(), reason: 'the shop is down' }),
    refused: 'APPROVAL_NOT_FOUND',
  },
  'approvals.cancel': { input: noRequest, refused: 'APPROVAL_NOT_FOUND' },
  'approvals.list': {},
  'approvals.reject': { input: () => ({ ...noRequest(), reason: 'not now' }), refused: 'APPROVAL_NOT_FOUND' },
  'approvals.show': { input: noRequest, refused: 'APPROVAL_NOT_FOUND' },
  'audit.export': { words: () => ['--output', fresh('audit')] },
  'audit.list': {},
  'audit.verify': {},
  'backups.annotate': { input: async () => ({ backup: 'latest', name: 'before 2.0', tags: { release: '2' } }) },
  'backups.compare': { input: () => ({ backup: 'latest', with: '1' }), words: () => ['1', 'latest'] },
  'backups.create': {
    input: () => ({ name: 'by a door', tags: { door: 'any' } }),
    words: () => ['--name', 'by a door', '--tag', 'door=any'],
  },
  'backups.delete': { input: oneBackup },
  'backups.details': { input: latest },
  'backups.download': { input: latest },
  'backups.export': {
    input: ({ folder }) => ({ backup: 'latest', file: join(folder, `${fresh('export')}.dump`) }),
    words: ({ file }) => ['latest', '--output', String(file)],
  },
  'backups.exportToFolder': { input: latest },
  'backups.forecast': {},
  'backups.get': { input: latest },
  'backups.import': {
    async input({ engine, folder }) {
      const { file } = await engine.backups.export('latest', { file: join(folder, `${fresh('import')}.dump`) })
      return { file: String(file) }
    },
    words: ({ file }) => [String(file)],
  },
  'backups.list': {},
  'backups.pin': { input: oneBackup },
  'backups.schemaDiff': { input: latest },
  'backups.trust': {
    async input({ engine, folder }) {
      const { file } = await engine.backups.export('latest', { file: join(folder, `${fresh('import')}.dump`) })
      const { id } = await engine.backups.import({ file: String(file) })
      return { backup: id, reason: 'made by this test' }
    },
  },
  'backups.verify': {
    input: () => ({ backup: 'latest', levels: ['structure'] }),
    words: () => ['latest', '--level', 'structure'],
  },
  'config.change': { input: () => ({ keep_daily: 7 }) },
  'config.read': {},
  'copies.copyTo': { input: ({ folder }) => ({ place: join(folder, fresh('place')) }) },
  'copies.states': {},
  'copies.update': {
    async input({ engine }) {
      // Backups of other cases: each door finds the copy up to date.
      await engine.copies.update('nas')
      return { copy: 'nas' }
    },
  },
  'drills.list': {},
  'drills.run': { input: latest },
  'keys.add': { ...newKey, refused: 'CONFIG_INVALID' },
  'keys.list': {},
  'keys.recoveryKit': {},
  'keys.remove': { input: () => ({ slot: 'none' }), refused: 'USAGE' },
  'keys.rotate': { ...newKey, refused: 'CONFIG_INVALID' },
  'maintenance.check': {},
  'maintenance.cleanLeftovers': {},
  'maintenance.prune': {},
  'maintenance.repair': {},
  'maintenance.scrub': {},
  'migrations.guard': {
    input: () => ({ migrate: { file: 'false' } }),
    words: () => ['false'],
    refused: 'DEPLOY_FAILED',
  },
  'masking.check': { input: latest },
  'masking.preview': { input: () => ({ backup: 'latest', table: 'orders' }) },
  'masking.suggest': { input: latest },
  'metrics.collect': {},
  'migrations.check': {},
  'migrations.rehearse': { input: latest },
  'migrations.signSteps': {
    async input({ folder }) {
      const { privateKey } = generateKeyPairSync('ed25519')
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      await writeFile(join(folder, 'release.pem'), pem, { mode: 0o600 })
      return { privateKey: pem }
    },
    words: () => ['--private-key-file', 'release.pem'],
  },
  'migrations.state': {},
  'notifications.deliveries': {},
  'notifications.list': {},
  'notifications.preview': { input: () => ({ channel: 'none' }), refused: 'CHANNEL_NOT_FOUND' },
  'notifications.replay': { input: () => ({ delivery: 'none' }), refused: 'DELIVERY_NOT_FOUND' },
  'notifications.test': { input: () => ({ channel: 'none' }), refused: 'CHANNEL_NOT_FOUND' },
  'reminders.list': {},
  'repository.describe': {},
  'repository.init': { refused: 'REPOSITORY_EXISTS' },
  'repository.readThrottle': {},
  'repository.throttle': { input: () => ({ upload: 0, download: 0 }) },
  'restores.discard': { input: restored },
  'restores.discardMedia': { input: () => ({ restore: 'r0000000000000000' }), refused: 'RESTORE_NOT_FOUND' },
  'restores.get': { input: restored },
  'restores.kept': {},
  'restores.keptMedia': {},
  'restores.undoMedia': { input: () => ({ restore: 'r0000000000000000' }), refused: 'RESTORE_NOT_FOUND' },
  'restores.list': {},
  'restores.plan': { input: latest },
  'restores.run': { input: latest },
  'restores.undo': { input: restored },
  'retention.preview': {},
  'retention.run': {},
  'rows.extract': { input: () => ({ backup: 'latest', table: 'orders', into: fresh('was') }) },
  'rows.kept': {},
  'rows.lost': { input: latest },
  'rows.lostRows': { input: async (ground) => ({ ...(await changed(ground)), table: 'orders' }) },
  'rows.patch': { input: async (ground) => ({ ...(await changed(ground)), table: 'orders' }) },
  'rows.planPatch': { input: () => ({ backup: 'latest', table: 'orders' }) },
  'rows.planRewind': { input: latest },
  'rows.query': { input: () => ({ backup: 'latest', sql: 'SELECT 1' }), words: () => ['latest', 'SELECT 1'] },
  'rows.rewind': { input: changed },
  'rows.undo': { input: rewound },
  'schedules.list': {},
  'schedules.remove': {
    async input({ engine }) {
      const name = fresh('nightly')
      await engine.schedules.save(name, { kind: 'backup', cron: '0 3 * * *' })
      return { name }
    },
  },
  'schedules.save': { input: () => ({ name: fresh('weekly'), kind: 'backup', cron: '0 4 * * 0' }) },
  'storage.test': { words: () => ['test'] },
  'targets.adopt': { input: () => ({ target: spareTarget() }) },
  'targets.list': {},
  'targets.plan': { input: noTarget, refused: 'TARGET_NOT_FOUND' },
  'targets.refresh': { input: noTarget, refused: 'TARGET_NOT_FOUND' },
  'tasks.cancel': { input: () => ({ task: 't000000000000' }), refused: 'TASK_NOT_FOUND' },
  'tasks.get': { input: () => ({ task: 't000000000000' }), refused: 'TASK_NOT_FOUND' },
  'tasks.list': {},
  'tasks.logs': { input: () => ({ task: 't000000000000' }), refused: 'TASK_NOT_FOUND' },
  'tasks.pause': {},
  'tasks.reorder': { input: () => ({ taskIds: ['t000000000000'] }) },
  'tasks.resume': {},
  'tasks.tryNow': { input: () => ({ task: 't000000000000' }), refused: 'TASK_NOT_FOUND' },
}
