import { useSession } from '../api/session.tsx'
import { tx } from '../texts/mixed.tsx'

/** The mark of the environment, in its colour. The word says it all. */
export function EnvironmentMark() {
  const { environment } = useSession()
  if (!environment) return null
  return <span className={`environment ${environment.colour}`}>{environment.label}</span>
}

/** In which application, environment and database something is about to happen: part of every confirmation. */
export function WhereItIs({ database }: { database?: string }) {
  const { application, databaseName } = useSession()
  const name = database ?? databaseName
  return (
    <span className="where-it-is">
      {name === undefined
        ? tx('In {application}.', { application: <strong>{application}</strong> })
        : tx('In {application}, database `{name}`.', { application: <strong>{application}</strong>, name })}{' '}
      <EnvironmentMark />
    </span>
  )
}
