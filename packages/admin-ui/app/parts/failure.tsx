import { Problem, Unreachable } from '../api/client.ts'
import { t } from '../texts/texts.ts'
import { Button, ButtonLink } from './button.tsx'
import { Prose } from './prose.tsx'

interface Told {
  title: string
  text: string
  advice: string | null
}

/** What is the matter, in words; and what to do. */
export function tell(error: unknown): Told {
  if (error instanceof Unreachable)
    return error.acting
      ? {
          title: t('The server does not answer'),
          text: t('Whether it was done is not known.'),
          advice: t('Once the server answers again, look at Activity before you repeat it.'),
        }
      : {
          title: t('The server does not answer'),
          text: t('Nothing on this page is current.'),
          advice: t('It is asked again by itself. A running job goes on without this page.'),
        }
  if (!(error instanceof Problem))
    return {
      title: t('Something went wrong'),
      text: error instanceof Error ? error.message : String(error),
      advice: null,
    }
  const { status, message, advice } = error
  if (error.code === 'approval_required')
    return {
      title: t('Another person must approve this'),
      text: message,
      advice: t('It is on the page Approvals. Once it is approved, do the same again.'),
    }
  if (status === 401)
    return {
      title: t('You are not logged in any more'),
      text: t('The application decides who may see its backups.'),
      advice: t('Log in there, then try again.'),
    }
  if (status === 403)
    return {
      title: t('You are not allowed to see this'),
      text: message,
      advice: advice ?? t('Ask the people who run this application for the right.'),
    }
  if (status === 404)
    return { title: t('This is not there'), text: message, advice: t('It may have been deleted since.') }
  if (status === 429) return { title: t('Too many requests'), text: message, advice }
  return { title: t('This did not work'), text: message, advice }
}

interface FailureProps {
  error: unknown
  retry?: (() => void) | undefined
  /** It stands for a whole page, whose heading it then is. */
  page?: boolean
}

/** Stands where something should be that cannot be shown. */
export function Failure({ error, retry, page = false }: FailureProps) {
  const { title, text, advice } = tell(error)
  return (
    <div className="failure" role="alert">
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      <p>
        <Prose text={text} />
      </p>
      {advice && (
        <p className="muted">
          <Prose text={advice} />
        </p>
      )}
      {page && error instanceof Problem && error.status === 404 ? (
        <ButtonLink to="/">{t('To the overview')}</ButtonLink>
      ) : (
        retry && (
          <Button kind="plain" onClick={retry}>
            {t('Try again')}
          </Button>
        )
      )}
    </div>
  )
}

/** The same in one line, beside what was tried. */
export function Complaint({ error }: { error: unknown }) {
  if (!error) return null
  const { title, text, advice } = tell(error)
  return (
    <p className="complaint" role="alert">
      <strong>{title}.</strong> <Prose text={text} /> {advice && <Prose text={advice} />}
    </p>
  )
}
