import { EngineError } from '../errors.ts'

/**
 * Loads the SDK of a storage, or another library, when it is first needed: these packages are optional, so that users do not install what they do
 * not use. `load` holds the literal `import()`, which bundlers and type checkers follow. Throws `CONFIG_INVALID` with
 * the command that installs it.
 */
export async function loadOptionalPeer<T>(name: string, load: () => Promise<T>, what = 'This storage'): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
    throw new EngineError(
      'CONFIG_INVALID',
      absent && message.includes(name)
        ? `${what} needs the package ${name}, which is not installed.`
        : `${what} needs the package ${name}, which cannot be loaded: ${message}`,
      { cause, advice: `Install it beside @lifeboat/core: npm install ${name}` },
    )
  }
}
