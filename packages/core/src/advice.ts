/**
 * Advice in the words of the face it appears in. Texts carry tokens, e.g. `List them with {backups.list}.` or `Say
 * {intoOther} if that is meant.`: a token is the name of an action, or of an option in the table below.
 */
export type AdviceFace = 'library' | 'http' | 'command'

type Words = Readonly<Record<AdviceFace, string>>

const engineRuns = (command: string) => `\`${command}\` where the engine runs`

/** What is done with an action. A test holds this table to the registry of actions. */
const actionWords: Readonly<Record<string, Words>> = {
  adopt: words('engine.adopt()', 'POST adopt/', 'lifeboat adopt'),
  'alarms.acknowledge': words(
    'engine.alarms.acknowledge(alarm, { reason })',
    'POST alarms/:alarm/acknowledge/',
    'lifeboat acknowledge ALARM --reason TEXT',
  ),
  'alarms.list': words('engine.alarms.list()', 'GET alarms/', 'lifeboat alarms'),
  'approvals.approve': words('engine.approvals.approve(request)', 'POST approvals/:id/approve/', 'lifeboat approve'),
  'approvals.breakGlass': words(
    'engine.approvals.breakGlass(request, { reason })',
    'POST approvals/:id/break-glass/',
    'lifeboat break-glass',
  ),
  'approvals.cancel': words('engine.approvals.cancel(request)', 'POST approvals/:id/cancel/', 'lifeboat withdraw'),
  'approvals.list': words('engine.approvals.list()', 'GET approvals/', 'lifeboat approvals'),
  'approvals.show': words('engine.approvals.show(request)', 'GET approvals/:id/', 'lifeboat show-approval'),
  'audit.verify': words('engine.audit.verify()', 'GET audit/verify/', 'lifeboat audit verify'),
  'backups.create': words('engine.backups.create()', 'POST backups/create/', 'lifeboat backup'),
  'backups.delete': words('engine.backups.delete(backup)', 'DELETE backups/:id/', 'lifeboat delete'),
  'backups.get': words('engine.backups.get(backup)', 'GET backups/:id/', 'lifeboat show'),
  'backups.list': words('engine.backups.list()', 'GET backups/', 'lifeboat list'),
  'backups.trust': words('engine.backups.trust(backup)', 'POST backups/:id/trust/', 'lifeboat trust'),
  'backups.verify': words('engine.backups.verify(backup)', 'POST backups/:id/verify/', 'lifeboat verify'),
  'backups.export': {
    ...words('engine.backups.export(backup)', '', 'lifeboat export'),
    http: '`GET backups/:id/download/`',
  },
  'copies.update': words('engine.copies.update(copy)', 'POST copies/:copy_name/run/', 'lifeboat copy'),
  checklist: words('engine.checklist()', 'GET checklist/', 'lifeboat checklist'),
  'config.change': words('engine.config.change()', 'POST config/', 'lifeboat config NAME=VALUE'),
  'drills.list': words('engine.drills.list()', 'GET drills/', 'lifeboat drills'),
  'drills.run': words('engine.drills.run(backup)', 'POST backups/:id/drill/', 'lifeboat drill'),
  doctor: words('engine.doctor()', 'GET doctor/', 'lifeboat doctor'),
  'keys.add': { ...words('engine.keys.add(key)', '', 'lifeboat key add'), http: engineRuns('lifeboat key add') },
  'keys.list': words('engine.keys.list()', 'GET keys/', 'lifeboat key list'),
  'keys.recoveryKit': words('engine.keys.recoveryKit()', 'GET recovery-kit/', 'lifeboat recovery-kit'),
  'keys.rotate': {
    ...words('engine.keys.rotate(key)', '', 'lifeboat key rotate'),
    http: engineRuns('lifeboat key rotate'),
  },
  'maintenance.check': words('engine.maintenance.check()', 'POST check/', 'lifeboat check'),
  'maintenance.cleanLeftovers': words(
    'engine.maintenance.cleanLeftovers()',
    'POST leftovers/clean/',
    'lifeboat clean-leftovers',
  ),
  'maintenance.prune': words('engine.maintenance.prune()', 'POST prune/', 'lifeboat prune'),
  'maintenance.repair': words('engine.maintenance.repair()', 'POST repair/', 'lifeboat repair'),
  'masking.check': words('engine.masking.check(backup)', 'GET backups/:id/masking/', 'lifeboat mask check'),
  'masking.suggest': words(
    'engine.masking.suggest(backup)',
    'GET backups/:id/masking/suggestion/',
    'lifeboat mask init',
  ),
  'notifications.deliveries': words(
    'engine.notifications.deliveries()',
    'GET deliveries/',
    'lifeboat notify deliveries',
  ),
  'notifications.list': words('engine.notifications.list()', 'GET notifications/', 'lifeboat notify list'),
  'notifications.test': words(
    'engine.notifications.test(channel)',
    'POST notifications/:channel/test/',
    'lifeboat notify test CHANNEL',
  ),
  recoveryPlan: words('engine.recoveryPlan()', 'GET recovery-plan/', 'lifeboat recovery-plan'),
  'repository.init': { ...words('engine.repository.init()', '', 'lifeboat init'), http: engineRuns('lifeboat init') },
  'restores.discard': words('engine.restores.discard(restore)', 'POST restores/:id/discard/', 'lifeboat discard'),
  'restores.kept': words('engine.restores.kept()', 'GET restores/kept/', 'lifeboat kept'),
  'restores.keptMedia': words('engine.restores.keptMedia()', 'GET restores/kept-media/', 'lifeboat kept-media'),
  'restores.undoMedia': words(
    'engine.restores.undoMedia(restore)',
    'POST restores/kept-media/undo/',
    'lifeboat undo-media --restore ID',
  ),
  'restores.undo': words('engine.restores.undo(restore)', 'POST restores/:id/undo/', 'lifeboat undo'),
  'retention.preview': words('engine.retention.preview()', 'GET retention/', 'lifeboat forget --dry-run'),
  'retention.run': words('engine.retention.run()', 'POST retention/run/', 'lifeboat forget'),
  'rows.kept': words('engine.rows.kept()', 'GET rewinds/', 'lifeboat rewinds'),
  'rows.lost': words('engine.rows.lost(backup)', 'GET backups/:id/lost/', 'lifeboat lost'),
  'rows.patch': words('engine.rows.patch(backup)', 'POST backups/:id/patch/', 'lifeboat patch'),
  'schedules.list': words('engine.schedules.list()', 'GET schedule/', 'lifeboat schedule'),
  'targets.adopt': words('engine.targets.adopt(target)', 'POST targets/:target/adopt/', 'lifeboat adopt-target TARGET'),
  'targets.list': words('engine.targets.list()', 'GET targets/', 'lifeboat targets'),
  'tasks.resume': words('engine.tasks.resume()', 'POST tasks/resume/', 'lifeboat resume'),
  'tasks.list': words('engine.tasks.list()', 'GET tasks/', 'lifeboat jobs'),
}

/** What an option is called. */
const optionWords: Readonly<Record<string, Words>> = {
  createRoles: option('createRoles: true', '"create_roles": true', '--create-roles'),
  databaseUrl: option('the option `database`', 'the option `database` in code', '--database-url or DATABASE_URL'),
  fingerprint: option(
    '`fingerprint` beside `ageIdentity`',
    '`fingerprint` beside `ageIdentity` in code',
    '--fingerprint',
  ),
  force: option('force: true', '"force": true', '--force'),
  help: option('the docstring of the method', '`GET openapi.json`', '`lifeboat --help`'),
  intoOther: option('intoOther: true', '"into_other": true', '--into-other'),
  key: {
    library: 'the option `encryption`',
    http: 'the option `encryption` in code',
    command: '--passphrase-file, --key-file, --age-identity or LIFEBOAT_PASSPHRASE',
  },
  unrecorded: {
    library: "unrecorded: 'the reason'",
    http: '`--unrecorded` of the command where the engine runs',
    command: '--unrecorded REASON',
  },
  leaveOut: option('`leaveOut`', '"leave_out"', '--leave-out'),
  lockBudget: option("lockBudgetMs: 'wait'", '"lock_budget_ms": "wait"', '--lock-budget wait'),
  mediaTarget: option('`mediaTarget`', '`mediaTarget` of the library', '--media FOLDER'),
  maxSnapshotAge: option(
    '`resources.maxSnapshotAgeMs`',
    '`resources.maxSnapshotAgeMs` in code',
    '`resources.maxSnapshotAgeMs` in the configuration',
  ),
  noOwner: option('noOwner: true', '"no_owner": true', '--no-owner'),
  noPrivileges: option('noPrivileges: true', '"no_privileges": true', '--no-privileges'),
  now: option('now: true', '"now": true', '--now'),
  notValid: option('`notValid`', '"not_valid"', '--not-valid'),
  noTablespaces: option('noTablespaces: true', '"no_tablespaces": true', '--no-tablespaces'),
  rewinds: option('`engine.rows.kept()`', '`engine.rows.kept()` in code', '`lifeboat rewind --list`'),
  roleMap: option('`roleMap`', '"role_map"', '--role-map'),
  runCarried: option('`runCarried`', '"run_carried"', '--run-carried'),
  schemaFrom: option('`schemaFrom`', '"schema_from"', '--schema-from'),
  strategy: option('`strategy`', '"strategy"', '--strategy'),
  tables: option('`tables`', '`tables` in code', '--table'),
  targetDatabase: option('`targetDatabase`', '"target_database"', '--target-database'),
  tenant: option('`tenant`', '"tenant"', '--tenant'),
  tenantKey: option('`tenantKey`', '"tenant_key"', '--tenant-key'),
  tenantTable: option('`tenantTable`', '"tenant_table"', '--tenant-table'),
  unpopulated: option('`unpopulated`', '"unpopulated"', '--unpopulated'),
  without: option('`without`', '`--without` of the command where the engine runs,', '--without'),
  yesRemove: option('`yesRemove`', '"yes_remove"', '--yes-remove'),
  withoutSafetyBackup: option('safetyBackup: false', '"safety_backup": false', '--without-safety-backup'),
}

/** The text with every token in the words of a face. Tokens that are unknown stay, so that a test finds them. */
export function adviceFor(face: AdviceFace, text: string): string {
  return text.replaceAll(/\{([a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)?)\}/g, (token, name: string) => {
    const found = wordsOf(name)
    return found ? found[face] : token
  })
}

/** By the name that a caller's face has: what has no words of its own has those of the library. */
const faceOf = (face: string): AdviceFace => (face === 'http' || face === 'command' ? face : 'library')

const spoken = new Set(['advice', 'detail', 'message', 'notes', 'problem', 'problems', 'text'])

/** A text, or a list of texts; what is neither is looked through. */
function spokenIn(face: AdviceFace, value: unknown): unknown {
  if (typeof value === 'string') return adviceFor(face, value)
  if (!Array.isArray(value)) return inWords<unknown>(face, value)
  const said = value.map((entry) => spokenIn(face, entry))
  return said.some((entry, index) => entry !== value[index]) ? said : value
}

/** A result with its texts in the words of a face. What has no tokens is handed on as it is. */
export function inWords<T>(face: string, value: T): T {
  if (Array.isArray(value)) {
    const changed = value.map((entry) => inWords(face, entry))
    return changed.some((entry, index) => entry !== value[index]) ? (changed as T) : value
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const changed: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(value)) {
    const said = spoken.has(name) ? spokenIn(faceOf(face), entry) : inWords<unknown>(face, entry)
    if (said !== entry) changed[name] = said
  }
  return Object.keys(changed).length === 0 ? value : { ...value, ...changed }
}

function wordsOf(name: string): Words | undefined {
  if (Object.hasOwn(actionWords, name)) return actionWords[name]
  return Object.hasOwn(optionWords, name) ? optionWords[name] : undefined
}

/** For the test that compares them with the registry. */
export const adviceTables = { actionWords, optionWords }

function words(library: string, http: string, command: string): Words {
  return { library: `\`${library}\``, http: `\`${http}\``, command: `\`${command}\`` }
}

function option(library: string, http: string, command: string): Words {
  return {
    library:
      /[`:]/.test(library) && !library.startsWith('the ') && !library.startsWith('`') ? `\`${library}\`` : library,
    http,
    command,
  }
}
