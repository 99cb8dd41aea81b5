// Part of what runs first: must work on Node 20 with no package installed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** More files than this do not fail because a machine stood still. */
const atMost = 5

/**
 * Runs the tests, and where a few files failed those files once more: whole, in new processes, with databases, folders
 * and ports of their own, so that nothing the first try left is in the way of the second. The reporter adds the two
 * together and names what failed once. `start` runs vitest with some arguments and an environment.
 */
export async function withSecondTry(args, start) {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-tests-'))
  const record = join(folder, 'record.json')
  try {
    const code = await start(args, { LIFEBOAT_TEST_RECORD: record })
    const failed = code === 1 ? failedFiles(record) : []
    if (failed.length === 0) return code
    console.log(`\nOnce more: ${failed.join(', ')}`)
    return await start(failed, { LIFEBOAT_TEST_RECORD: record })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function failedFiles(record) {
  let seen
  try {
    seen = JSON.parse(readFileSync(record, 'utf8'))
  } catch {
    return []
  }
  const failed = Object.keys(seen.files).filter((file) => seen.files[file].failed > 0)
  return seen.elsewhere > 0 || failed.length > atMost ? [] : failed
}
