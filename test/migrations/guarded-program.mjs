/** A migration as a plain program: what it does is its argument, the database is DATABASE_URL. */
import { Client } from 'pg'

const [what] = process.argv.slice(2)
const client = new Client({ connectionString: process.env.DATABASE_URL })
await client.connect()

if (what === 'works') {
  await client.query('CREATE TABLE invoices (id int)')
  process.stdout.write('invoices made\n')
} else if (what === 'reads') {
  // As a program does that asks before it migrates.
  process.stdin.setEncoding('utf8')
  for await (const answer of process.stdin) process.stdout.write(`answered ${answer}`)
} else if (what === 'second-fails') {
  await client.query('ALTER TABLE orders ADD COLUMN paid boolean')
  await client.query('DELETE FROM orders')
  await client.query('ALTER TABLE no_such_table ADD COLUMN paid boolean').catch(() => (process.exitCode = 7))
} else {
  process.on('SIGINT', () => {
    process.stderr.write('the program got SIGINT\n')
    process.exit(5)
  })
  client.on('error', () => {})
  client.query('BEGIN; CREATE TABLE half (id int); SELECT pg_sleep(600)').catch(() => {})
  const watch = new Client({ connectionString: process.env.DATABASE_URL })
  await watch.connect()
  const sleeps = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
  while ((await watch.query(sleeps)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  if (what === 'killed') process.kill(process.pid, 'SIGKILL')
  process.stderr.write('half way\n')
  await new Promise(() => {})
}
await client.end()
