import { createRequire } from 'node:module'

/** Version of this package, as recorded with every backup. The relative path is the same from src/ and from dist/. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version
