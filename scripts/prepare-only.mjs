// Before an example starts: installs what is missing and builds the packages. Starts on Node 20 with nothing installed.
import { prepared } from './prepare.mjs'

await prepared(async () => 0)
