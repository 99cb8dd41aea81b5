import { expect, test } from 'vitest'
import { discordBody } from './channels/discord.ts'
import { mailOf } from './channels/email.ts'
import { heartbeatBody } from './channels/heartbeat.ts'
import { ntfyBody } from './channels/ntfy.ts'
import { slackBody } from './channels/slack.ts'
import { teamsBody } from './channels/teams.ts'
import { webhookBody } from './channels/webhook.ts'
import { fitLines, fitText } from './fit.ts'
import type { NotificationEvent } from './options.ts'

/** Letters that grow on the way: escaped by JSON, by HTML, by Slack, in UTF-8. */
const letters = ['a', 'é', '€', '𝄞', '&', '<', '"', '\\', '\n', '\u0001', '*', ' ', '\ud800']
/** Around every limit there is. */
const limits = [149, 150, 151, 256, 257, 2000, 2999, 3001, 4096, 20_000]
let state = 14

/** From 0 to below `below`; the same in every run. */
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
function randomText(long: number): string {
  const unit = Array.from({ length: 1 + random(7) }, () => letters[random(letters.length)]).join('')
  const most = random(long) === 0 ? (limits[random(limits.length)] as number) : random(40)
  return unit.repeat(Math.ceil(most / unit.length)).slice(0, most)
}
function randomEvent(): NotificationEvent {
  return {
    ...{ id: 'msg_0123456789abcdef0123456789', type: 'backup.failed', at: '2026-01-01T00:00:00.000Z' },
    severity: (['failure', 'warning', 'good', 'information'] as const)[random(4)] as 'failure',
    database: random(2) === 0 ? null : 'shop',
    subject: random(2) === 0 ? null : randomText(3).slice(0, 200),
    condition: null,
    title: randomText(3),
    lines: Array.from({ length: random(2) === 0 ? random(4) : random(90) }, () => randomText(150)),
    facts: { rows: random(1000), task: randomText(3).slice(0, 100) },
  }
}

/** 5,000 of them, the same for each channel. */
function forEvents(check: (event: NotificationEvent) => void): void {
  state = 14
  for (let count = 0; count < 5000; count++) check(randomEvent())
}
/** `expect` would take longer than what it looks at. */
function holds(is: boolean, what: string): void {
  if (!is) throw new Error(what)
}
const bytes = (body: string) => Buffer.byteLength(body)

test('Slack: a header of 150, a section of 3,000, a total below 12,000, and always a text', () => {
  forEvents((event) => {
    const { text, blocks } = JSON.parse(slackBody(event)) as { text: string; blocks: { text: { text: string } }[] }
    const texts = blocks.map((block) => block.text.text)
    holds(text.length > 0 && text.length <= 3000, 'the text')
    holds((texts[0]?.length ?? 0) <= 150 && texts.every(({ length }) => length > 0 && length <= 3000), 'the blocks')
    holds(text.length + texts.join('').length < 12_000, 'the total')
    holds(!/[<>]/.test(texts[1] ?? ''), 'markup')
  })
})

test('Discord: a title of 256, a description of 4,096, no mentions', () => {
  forEvents((event) => {
    const { embeds, allowed_mentions } = JSON.parse(discordBody(event))
    holds(embeds[0].title.length <= 256 && embeds[0].description.length <= 4096, 'the embed')
    holds(allowed_mentions.parse.length === 0, 'mentions')
  })
})

test('Teams 28 kB, ntfy 4,096 bytes, a heartbeat 100 kB', () => {
  forEvents((event) => {
    holds(bytes(teamsBody(event)) <= 28_000, 'Teams')
    const { message, title } = JSON.parse(ntfyBody(event, 'topic'))
    holds(bytes(message) <= 4096 && bytes(title) <= 250, 'ntfy')
    holds(bytes(heartbeatBody(event)) <= 100_000, 'heartbeat')
  })
})

test('a webhook stays below 20 kB and is JSON with its id; the subject of a mail is one line', () => {
  forEvents((event) => {
    const body = webhookBody(event)
    holds(bytes(body) < 20_000 && JSON.parse(body).data.id === event.id, 'webhook')
    const mail = mailOf(event)
    holds(!/[\r\n]/.test(mail.subject) && mail.subject.length <= 200, 'subject')
    holds(bytes(mail.html) < 200_000, 'html')
  })
})

test('lines are cut at their borders, and the rest is counted', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `table ${index}`)
  const fitted = fitLines(lines, 100)
  expect(fitted.length).toBeLessThanOrEqual(100)
  expect(fitted).toBe(`${lines.slice(0, 10).join('\n')}\n… and 90 more`)
  expect(fitText('𝄞𝄞𝄞', 5)).toBe('𝄞𝄞…')
  expect(fitLines(['x'.repeat(50), 'y'], 20)).toBe(`${'x'.repeat(19)}…`)
})
