import { readFile } from 'node:fs/promises'
import type { Actor, BackupEngine } from '@lifeboat/core'
import { type ActionName, type AnyAction, insideOf, isOnWire, snakeCase, toWire } from '@lifeboat/core/actions'
import { runCli } from '../cli/run-cli.ts'
import type { OpenFace } from '../http/faces.ts'

export type Input = Record<string, unknown>

/** What a door answers: the code of the error in the spelling of the library, or null. */
export interface DoorAnswer {
  code: string | null
  /** Of a confirmation that is asked for, or of a refused plan. */
  planHash?: string
  result?: unknown
}

/** One way to an action. Undefined: this door does not offer it. */
export type Door = (action: AnyAction, input: Input, options?: Asked) => Promise<DoorAnswer | undefined>
export interface Asked {
  as?: Actor
  confirm?: string
}

const admin: Actor = { id: 'ann', role: 'admin' }

/** A method of the library, called as a program does. */
export const library =
  (engine: BackupEngine): Door =>
  async (action, { ...input }, { as = admin, confirm } = {}) => {
    const [room = '', verb] = action.name.split('.')
    const found: unknown = Reflect.get(engine, room)
    const method = verb === undefined ? found : Reflect.get(found as object, verb)
    const subject = action.subject === undefined ? [] : [input[action.subject]]
    if (action.subject !== undefined) delete input[action.subject]
    const options = { ...input, as, ...(confirm === undefined ? {} : { confirm }) }
    return settled(async () => {
      const result = await (method as (...given: unknown[]) => Promise<unknown>)(...subject, options)
      return { code: null, result: toWire(action.result, result) }
    })
  }

/** The same in the background. */
export const background =
  (engine: BackupEngine): Door =>
  async (action, input, { as = admin, confirm } = {}) => {
    if (!action.job) return undefined
    const options = { as, ...(confirm === undefined ? {} : { confirm }) }
    return settled(async () => {
      const { task_id } = await engine.tasks.start(action.name as 'maintenance.check', input as never, options)
      return endOf(engine, task_id)
    })
  }

async function endOf(engine: BackupEngine, taskId: string): Promise<DoorAnswer> {
  for (;;) {
    const { status, error, result } = await engine.tasks.get(taskId)
    if (status !== 'queued' && status !== 'running') return { code: error?.code.toUpperCase() ?? null, result }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A route of the API. Who asks is in the `authorization` header: an actor as JSON. */
export const http =
  (engine: BackupEngine, face: OpenFace): Door =>
  async (action, input, { as = admin, confirm } = {}) => {
    const { http: place, subject } = action
    if (!place) return undefined
    const given = Object.entries(input)
      .filter(([field]) => !Object.hasOwn(action.input.shape, field) || isOnWire(action.input.shape[field] as never))
      .map(([field, value]): [string, unknown] => [snakeCase(field), value])
    const fields = new Map(given)
    const path = place.path.replaceAll(/:(\w+)/g, (_, name: string) => {
      const field = fields.has(name) ? name : snakeCase(subject ?? '')
      const value = String(fields.get(field))
      fields.delete(field)
      return encodeURIComponent(value)
    })
    if (confirm !== undefined) fields.set('confirm', confirm)
    if (place.upload) return uploaded(face, place.path, { input, fields, as })
    const inBody = place.method === 'POST'
    const query = new URLSearchParams(inBody ? [] : [...fields].map(([name, value]) => [name, String(value)]))
    const response = await face.fetch(`/${path}/${query.size > 0 ? `?${query}` : ''}`, {
      method: place.method,
      headers: { authorization: JSON.stringify(as), ...(inBody ? { 'content-type': 'application/json' } : {}) },
      ...(inBody ? { body: JSON.stringify(Object.fromEntries(fields)) } : {}),
    })
    if (!/[/+]json\b/.test(response.headers.get('content-type') ?? '')) {
      await response.arrayBuffer()
      return { code: response.ok ? null : `HTTP ${response.status}` }
    }
    const body = (await response.json()) as Record<string, unknown>
    if (!response.ok && typeof body.code === 'string')
      return { code: body.code.toUpperCase(), ...(body.plan_hash ? { planHash: String(body.plan_hash) } : {}) }
    return response.status === 202 ? endOf(engine, String(body.task_id)) : { code: null, result: body }
  }

/** Where the body is the file itself. */
async function uploaded(
  face: OpenFace,
  path: string,
  { input, fields, as }: { input: Input; fields: ReadonlyMap<string, unknown>; as: Actor },
): Promise<DoorAnswer> {
  const query = new URLSearchParams([...fields].map(([name, value]) => [name, String(value)]))
  const response = await face.fetch(`/${path}/${query.size > 0 ? `?${query}` : ''}`, {
    method: 'POST',
    headers: { authorization: JSON.stringify(as), 'content-type': 'application/octet-stream' },
    body: input.file === undefined ? new Uint8Array(0) : await readFile(String(input.file)),
  })
  const body = (await response.json()) as Record<string, unknown>
  return response.ok ? { code: null, result: body } : { code: String(body.code).toUpperCase() }
}

/** The command, as a process, asked for JSON. `words`: the options of commands that spell their inputs in their own way. */
export const command =
  (cwd: string, words: (name: ActionName, input: Input) => string[] | undefined): Door =>
  async (action, input, { confirm } = {}) => {
    const { command: place, subject } = action
    if (!place) return undefined
    const own = words(action.name as ActionName, input)
    const options = Object.entries(input).flatMap(([field, value]) =>
      field === subject || field === 'database' ? [] : optionOf(field, value),
    )
    const given = own ?? [...(subject === undefined ? [] : [String(input[subject])]), ...options]
    const yes = confirm === undefined ? [] : ['--yes']
    const { code, stdout, stderr } = await runCli([...place.name.split(' '), ...given, ...yes, '--json'], {
      cwd,
      env: { HOME: cwd },
    })
    const error = parsed(stdout)?.error as { code?: string } | undefined
    // With 1 and a document that is no error, the answer itself says that something is not good.
    const isAnswer = code === 0 || (code === 1 && parsed(stdout) !== undefined && error === undefined)
    if (isAnswer) return { code: null, result: parsed(stdout) }
    return { code: error?.code?.toUpperCase() ?? `exit ${code}: ${stderr}` }
  }

function optionOf(field: string, value: unknown): string[] {
  const flag = `--${snakeCase(field).replaceAll('_', '-')}`
  if (value === false) return [flag.replace('--', '--no-')]
  if (value === true) return [flag]
  if (Array.isArray(value)) return [flag, value.join(',')]
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, entry]) => [flag, `${name}=${entry}`])
  return [flag, String(value)]
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

async function settled(work: () => Promise<DoorAnswer>): Promise<DoorAnswer> {
  try {
    return await work()
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: { plan_hash?: string } }
    if (typeof code !== 'string') throw error
    return { code, ...(detail?.plan_hash ? { planHash: detail.plan_hash } : {}) }
  }
}

export const planHere = (engine: BackupEngine, name: string, input: Input) =>
  insideOf(engine).plan(name as ActionName, input, {
    caller: { actor: admin, face: 'library', address: null, confirmation: 'off', trigger: 'api' },
  })
