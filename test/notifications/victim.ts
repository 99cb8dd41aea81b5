// Sends what is due in the catalog of the first argument to the server of the second; killed on the way by the test.
import { openOutbox, secret } from './outbox.ts'

const [path = '', url = ''] = process.argv.slice(2)
const outbox = await openOutbox({ channels: [{ kind: 'webhook', name: 'siem', url, secret }] }, { path })
await outbox.record('failed')
await outbox.deliver()
