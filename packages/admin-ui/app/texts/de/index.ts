import { activity } from './activity.ts'
import { backups } from './backups.ts'
import { forms } from './forms.ts'
import { overview } from './overview.ts'
import { restore } from './restore.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'

/** Every text of the pages, by the English one. */
export const de = { ...shell, ...forms, ...overview, ...backups, ...restore, ...activity, ...settings }
/** Texts of the server. */
export const server: Record<string, string> = {}
