/** For `--import`: packages of this tree are read from their sources, as in vitest.config.ts. */
import { registerHooks } from 'node:module'

const sources: Record<string, string> = {
  '@lifeboat/core': '../../packages/core/src/index.ts',
  '@lifeboat/core/actions': '../../packages/core/src/actions/index.ts',
  '@lifeboat/core/http': '../../packages/core/src/entries/http.ts',
  '@lifeboat/core/migrations': '../../packages/core/src/entries/migrations.ts',
  '@lifeboat/core/queues': '../../packages/core/src/entries/queues.ts',
  '@lifeboat/core/storage': '../../packages/core/src/entries/storage.ts',
  '@lifeboat/core/testing': '../../packages/core/src/testing/index.ts',
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
