import { activity } from './activity.ts'
import { backups } from './backups.ts'
import { forms } from './forms.ts'
import { overview } from './overview.ts'
import { restore } from './restore.ts'
import { serverChecks } from './server-checks.ts'
import { serverCodes } from './server-codes.ts'
import { serverErrors } from './server-errors.ts'
import { serverForms } from './server-forms.ts'
import { serverMessages } from './server-messages.ts'
import { serverWords } from './server-words.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'

/** Every text of the pages, by the English one. */
export const de = { ...shell, ...forms, ...overview, ...backups, ...restore, ...activity, ...settings }

/** Texts of the server: codes as words, descriptions of actions, advice, and what it says of how things stand. */
export const server = {
  ...serverWords,
  ...serverCodes,
  ...serverForms,
  ...serverErrors,
  ...serverMessages,
  ...serverChecks,
}
