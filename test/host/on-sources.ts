/** For `--import`: packages of this tree are read from their sources, as in vitest.config.ts. */
import { registerHooks } from 'node:module'

const sources: Record<string, string> = {
  '@lifeboat/core': '../../packages/core/src/index.ts',
  '@lifeboat/express-adapter': '../../packages/express-adapter/src/index.ts',
  '@lifeboat/fastify-adapter': '../../packages/fastify-adapter/src/index.ts',
}
/** What was loaded into the main thread since it was last asked. */
export const loadedModules = (): string[] => loaded.splice(0)
const loaded: string[] = []

registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
  resolve(specifier, context, next) {
    const source = sources[specifier]
    return source === undefined
      ? next(specifier, context)
      : { url: new URL(source, import.meta.url).href, shortCircuit: true }
  },
})
