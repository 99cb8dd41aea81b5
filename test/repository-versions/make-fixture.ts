/**
 * Makes the repository that later versions have to read: `node test/repository-versions/make-fixture.ts FOLDER`. Run once
 * per format; what it made is committed beside it and never made anew.
 */
import { readdirSync } from 'node:fs'
import { createBackupEngine } from '../../packages/core/src/index.ts'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { fixtureKey, setUpFixture } from './fixture.ts'

const folder = process.argv[2] as string
const cluster = await startTemporaryCluster()
try {
  const database = await cluster.createDatabase('fixture')
  await cluster.sql('fixture', setUpFixture)
  const engine = createBackupEngine({
    database,
    repository: folder,
    encryption: { rawKey: fixtureKey },
    appName: 'fixture',
  })
  await engine.repository.init()
  await engine.backups.create({ name: 'first', tags: { release: '1.0' } })
  await cluster.sql('fixture', "INSERT INTO notes VALUES (4, 'later')")
  await engine.backups.create({ name: 'second', description: 'compared with the first', pinned: true })
  await engine.stop()
  console.log(readdirSync(folder, { recursive: true }).length, 'objects')
} finally {
  await cluster.stop()
}
