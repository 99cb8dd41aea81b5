import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the pages, as it goes over the wire. */
export interface AdminUiFile {
  body: Uint8Array<ArrayBuffer>
  contentType: string
  /** Its name changes with its content: it may be kept for ever. */
  immutable: boolean
}

/** The admin pages as a table of static files, for the option `ui` of the routes. */
export interface AdminUi {
  /** The one page; every address below `ui/` that is no file shows it. Its addresses are relative to `ui/`. */
  page: string
  /** By path below `ui/`, e.g. `assets/index-3fa9c1.js`. */
  files: ReadonlyMap<string, AdminUiFile>
}

/** The options of `adminUi`: how the admin pages are served. */
export interface AdminUiOptions {
  /**
   * The language of the pages for those who have not chosen one on them: `en` or `de`. Default: the first of the browser's
   * languages that there is, else English.
   */
  language?: 'en' | 'de'
}

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * The admin pages, to be served beside the API:
 *
 * ```ts
 * app.use('/admin/backups', backupRoutes(engine, { authorize, ui: adminUi() }))
 * ```
 *
 * The files are read once, from this package; nothing is ever loaded from elsewhere.
 */
export function adminUi({ language }: AdminUiOptions = {}): AdminUi {
  const folder = fileURLToPath(new URL('../dist/pages/', import.meta.url))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  const files = names.flatMap((name): [string, AdminUiFile][] => {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined) return []
    const body = new Uint8Array(readFileSync(join(folder, name)))
    return [[name, { body, contentType, immutable: name.startsWith('assets/') }]]
  })
  const page = readFileSync(join(folder, 'index.html'), 'utf8')
  return {
    page: language ? page.replace('<html lang="en">', `<html lang="en" data-language="${language}">`) : page,
    files: new Map(files),
  }
}
