import { z } from 'zod'
import type { Download } from '../../actions/backups/download.ts'
import { databaseLabel } from '../../actions/inputs.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { sendDownload } from '../download.ts'
import { createDownloadLinks } from '../download-links.ts'
import { isLoopback } from '../loopback.ts'
import { HttpProblem } from '../problem.ts'
import { type RouteContext, route } from '../route.ts'

const ofDatabase = z.object({ database: databaseLabel })

const downloadQuery = ofDatabase.extend({
  part: z.enum(['database', 'media']).default('database').describe('`media`: the media folders as tar.gz.'),
  format: z.enum(['dump', 'sql']).default('dump').describe('A pg_dump custom-format archive, or one plain script.'),
  compression: z.coerce
    .number()
    .int()
    .min(0)
    .max(9)
    .default(6)
    .describe('gzip level inside the file; with 0 its length is known, and parts can be asked for.'),
})

type Asked = z.output<typeof downloadQuery> & { id: string }

/** The routes of downloads; links are remembered by this handler. */
export function downloadRoutes() {
  const links = createDownloadLinks<Asked>()

  const direct = route({
    method: 'GET',
    path: 'backups/:id/download',
    permission: 'backups:download',
    action: 'backups.download',
    summary: 'A standard file of the backup: pg_dump custom format, or the media as tar.gz.',
    query: downloadQuery,
    answers: { status: 200, contentType: 'application/octet-stream' },
    ranges: true,
    handle: (context) => answer(context, { ...context.query, id: context.params.id ?? '' }, () => {}),
  })

  const link = route({
    method: 'POST',
    path: 'backups/:id/download-link',
    permission: 'backups:download',
    summary: 'A link of its own to a download: for ten minutes, for the same actor, for one complete transfer.',
    query: ofDatabase,
    body: z.strictObject(downloadQuery.omit({ database: true }).shape),
    answers: { status: 201, schema: z.object({ url: z.string(), expires_at: z.iso.datetime() }) },
    async handle({ inside, params, query, body, actor, caller, signal, link }) {
      const { id } = await findCompleted(inside.ground, params.id ?? '', query)
      // Said here, where it is read: what follows the link is a browser that saves a file.
      const asked = { backup: id, database: query.database, ...body }
      await inside.tryOut('backups.download', asked, { caller, signal })
      const { token, expiresAt } = links.make(actor.id, { ...body, ...query, id })
      return { status: 201, body: { url: link(`downloads/${token}/`), expires_at: expiresAt } }
    },
  })

  const linked = route({
    method: 'GET',
    path: 'downloads/:token',
    permission: 'backups:download',
    action: 'backups.download',
    summary: 'The download a link was made for.',
    answers: { status: 200, contentType: 'application/octet-stream' },
    ranges: true,
    async handle(context) {
      const found = links.find(context.params.token ?? '', context.actor.id)
      if (!found) throw new HttpProblem(404, 'link_expired', 'This link is used up, expired, or not yours.')
      return answer(context, found.value, found.used)
    },
  })

  return [direct, link, linked]
}

async function answer(context: RouteContext<unknown, unknown>, asked: Asked, onComplete: () => void) {
  const { settings, connection } = context
  if (!connection.encrypted && !isLoopback(connection.address) && !settings.allowPlainHttpDownloads)
    throw new HttpProblem(403, 'plain_http', 'A backup is not sent over plain HTTP to another machine.', {
      extra: { advice: 'Use HTTPS, or set `allowPlainHttpDownloads`.' },
    })
  const { id, database, part, format, compression } = asked
  const open = async () =>
    (await context.run('backups.download', { backup: id, database, part, format, compression })) as Download
  return sendDownload(context, open, onComplete)
}
