/** What doctor finds, as JSON, for the user this process runs as. */
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const engine = createBackupEngine(JSON.parse(process.argv[2] as string) as EngineOptions)
const { checks } = await engine.doctor()
await engine.stop()
process.stdout.write(JSON.stringify(checks))
