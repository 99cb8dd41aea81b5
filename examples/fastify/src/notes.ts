import type { Pool } from 'pg'

/** The application: notes in a table. */
export interface Notes {
  /** Makes the table and a few notes, where there are none yet. */
  prepare(): Promise<void>
  list(): Promise<{ id: number; text: string }[]>
  add(text: string): Promise<{ id: number; text: string }>
  empty(): Promise<void>
}

export function createNotes(pool: Pool): Notes {
  return {
    async prepare() {
      await pool.query('CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)')
      await pool.query(
        `INSERT INTO notes (text) SELECT 'note ' || n FROM generate_series(1, 1000) AS n
         WHERE NOT EXISTS (SELECT FROM notes)`,
      )
    },
    list: async () => (await pool.query('SELECT id, text FROM notes ORDER BY id')).rows,
    add: async (text) => (await pool.query('INSERT INTO notes (text) VALUES ($1) RETURNING id, text', [text])).rows[0],
    async empty() {
      await pool.query('TRUNCATE notes')
    },
  }
}
