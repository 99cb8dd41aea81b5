import { useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useState } from 'react'
import { Failure } from '../parts/failure.tsx'
import { call } from './client.ts'
import type { Permission, Session } from './records.ts'

interface Known extends Session {
  /** Label of the database that is looked at; undefined where there is only one. */
  database: string | undefined
  /** Its name on the server. */
  databaseName: string | undefined
  choose(database: string): void
  may(permission: Permission): boolean
}

const SessionContext = createContext<Known | null>(null)
const storageKey = 'lifeboat.database'

/** Who is there and what they may: until that is known, `waiting` is shown. */
export function SessionProvider({ waiting, children }: { waiting: ReactNode; children: ReactNode }) {
  const session = useQuery({ queryKey: ['session'], queryFn: ({ signal }) => call('GET session', { signal }) })
  const [chosen, choose] = useState(() => localStorage.getItem(storageKey))
  if (session.error && !session.data)
    return (
      <main className="alone">
        <Failure page error={session.error} retry={() => session.refetch()} />
      </main>
    )
  if (!session.data) return waiting
  const { databases, database_names: names, permissions } = session.data
  const label = databases.find((one) => one === chosen) ?? databases[0]
  const known: Known = {
    ...session.data,
    database: databases.length < 2 ? undefined : label,
    databaseName: label === undefined ? undefined : names[label],
    choose(label) {
      localStorage.setItem(storageKey, label)
      choose(label)
    },
    may: (permission) => permissions.includes(permission),
  }
  return <SessionContext value={known}>{children}</SessionContext>
}

export function useSession(): Known {
  const session = useContext(SessionContext)
  if (!session) throw new Error('There is no session above.')
  return session
}
