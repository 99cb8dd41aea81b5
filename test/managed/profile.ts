import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'

/** A role and a database as a provider gives them: profiles/<name>.sql. */
export interface Profile {
  name: string
  /** The first comment of the file. */
  description: string
  /** Of the role and of the database. */
  id: string
  /** `resources.connections`. */
  connections: number
}

export const profileNames = [
  ...['owner-only', 'member-of-owner', 'rds-like', 'supabase-like', 'neon-like', 'heroku-like'],
  ...['three-connections', 'session-pooler'],
]

const read = (name: string) => readFile(fileURLToPath(new URL(`profiles/${name}.sql`, import.meta.url)), 'utf8')

/**
 * Makes the role and the database. A file has parts: `server` and `database` are run by a superuser, `application` and
 * `afterwards` by the profile's role before and after application.sql, `end` by a superuser.
 */
export async function makeProfile(name: string, cluster: TemporaryCluster, url: string): Promise<Profile> {
  const text = await read(name)
  const id = name.replaceAll('-', '_')
  const parts = new Map(text.split(/^-- (?=\w+:$)/m).map((part) => [part.slice(0, part.indexOf(':')), part]))
  const part = (key: string) => (parts.get(key) ?? ':').replace(/^\w*:/, '')
  // CREATE DATABASE wants to be alone.
  for (const statement of part('server').split(/;\s*\n/)) if (statement.trim()) await cluster.sql('postgres', statement)
  await cluster.sql(id, part('database') || 'SELECT')
  const client = new Client({ connectionString: url, ssl: { rejectUnauthorized: false } })
  await client.connect()
  try {
    await client.query(`${part('application')};${await read('application')};${part('afterwards')}`)
  } finally {
    await client.end()
  }
  await cluster.sql(id, part('end') || 'SELECT')
  const description = /^-- (.*)$/m.exec(text)?.[1] ?? ''
  return { name, description, id, connections: name === 'three-connections' ? 1 : 2 }
}
