/** For tests: one backup, a restore by swap, in a process of its own. Arguments: database URL, folder. */

import { createBackupEngine } from '@lifeboat/core'

const [database = '', repository = ''] = process.argv.slice(2)
const engine = createBackupEngine({ database, repository, encryption: 'none' })
try {
  await engine.repository.init()
  const backup = await engine.backups.create()
  const { rows } = await engine.restores.run(backup.id, { confirm: true })
  console.log(`restored ${rows}`)
} finally {
  await engine.stop()
}
