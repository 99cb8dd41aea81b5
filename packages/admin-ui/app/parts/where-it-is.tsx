import { useSession } from '../api/session.tsx'

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
      In <strong>{application}</strong>
      {name !== undefined && (
        <>
          , database <code>{name}</code>
        </>
      )}
      . <EnvironmentMark />
    </span>
  )
}
