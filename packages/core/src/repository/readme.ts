import { createHash } from 'node:crypto'
import type { RepositoryConfig } from './config.ts'

/** README.txt of a new repository, for whoever finds it without knowing what it is. */
export function readmeText(config: RepositoryConfig, recover: Buffer | null): string {
  const encryption =
    config.encryption === 'none'
      ? 'It is NOT ENCRYPTED: whoever can read these files can read the backups.'
      : 'It is encrypted. Without a passphrase or key of one of the slots in keys/ nobody can read it.'
  const program =
    recover === null
      ? ''
      : `
To get data out with Node.js alone (22.15 or newer), see "node recover.mjs --help". A program that lies beside backups
is only as trustworthy as whoever can write here: compare its SHA-256 with the one in your recovery kit before you run
it. When this repository was made it was
  ${createHash('sha256').update(recover).digest('hex')}
`
  return `This folder is a Lifeboat repository: backups of PostgreSQL databases and media files.

Repository ${config.id}, format ${config.format}, made ${config.created_at}.
${encryption}
Do not change, rename or remove anything here by hand: "lifeboat delete" and "lifeboat prune" do that.
${program}
The format is written down in docs/repository-format.md of the Lifeboat project.
Nothing depends on this file.
`
}
