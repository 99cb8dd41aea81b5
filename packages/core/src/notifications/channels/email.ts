import { isIP } from 'node:net'
import { EngineError } from '../../errors.ts'
import { DeliveryError, type Sending } from '../call.ts'
import { bytesOf, fitLines, fitText } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'

export interface Mail {
  subject: string
  text: string
  html: string
}

/** Mail takes megabytes; people read a page. */
const mostBytes = 20_000

export function mailOf(event: NotificationEvent): Mail {
  const { title, lines } = messageOf(event)
  const subject = fitText(`[Lifeboat] ${title}`, 200)
  const text = fitLines([title, '', ...lines], mostBytes, bytesOf)
  const rows = text
    .split('\n')
    .slice(2)
    .map((line) => `<p>${escaped(line)}</p>`)
  const html = `<!doctype html><html><body><h1 style="font-size:18px">${escaped(fitText(title, 500))}</h1>${rows.join('')}</body></html>`
  return { subject, text, html }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

interface Transporter {
  sendMail(mail: object): Promise<unknown>
  close(): void
}

/** Through nodemailer. Encrypted, unless the server is this machine; no file or URL is read for a mail. */
export async function sendEmail(
  { transport, from, to }: ChannelOf<'email'>,
  event: NotificationEvent,
  { signal }: Sending,
): Promise<void> {
  const { createTransport } = await loadNodemailer()
  const url = new URL(transport)
  const { hostname } = url
  const isLoopback =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  const secure = url.protocol === 'smtps:'
  const transporter = createTransport({
    ...{ host: hostname.replace(/^\[|\]$/g, ''), port: url.port ? Number(url.port) : secure ? 465 : 587, secure },
    ...{ requireTLS: !secure && !isLoopback, ignoreTLS: false, disableFileAccess: true, disableUrlAccess: true },
    ...{ connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 },
    ...(url.username
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
    ...(isLoopback ? { tls: { rejectUnauthorized: false } } : {}),
  })
  const stop = () => transporter.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    // The id of the event: a mail that is sent twice is shown once by most programs.
    await transporter.sendMail({ from, to, ...mailOf(event), messageId: `<${event.id}@lifeboat>` })
  } catch (cause) {
    throw new DeliveryError(mailCode(cause), { cause })
  } finally {
    signal.removeEventListener('abort', stop)
    transporter.close()
  }
}

/** nodemailer's own codes (`EAUTH`, `ETLS`, `ECONNECTION`), or the answer of the server. */
function mailCode(error: unknown): string {
  const field = (name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined)
  const response = field('responseCode')
  if (typeof response === 'number') return `smtp_${response}`
  const code = field('code')
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code.toLowerCase() : 'unreachable'
}

async function loadNodemailer(): Promise<{ createTransport(options: object): Transporter }> {
  try {
    return (await import('nodemailer')) as never
  } catch (cause) {
    throw new EngineError(
      'CONFIG_INVALID',
      'A channel of e-mail needs the package nodemailer, which is not installed.',
      {
        cause,
        advice: 'Install it beside @lifeboat/core: npm install nodemailer',
      },
    )
  }
}
