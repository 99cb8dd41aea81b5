import { createHash } from 'node:crypto'
import type { RepositoryConfig } from './config.ts'

/** README.txt of a new repository, for a person who finds it and does not know what it is. */
export function readmeText(config: RepositoryConfig, recover: Buffer | null): string {
  const encryption =
    config.encryption === 'none'
      ? 'It is NOT ENCRYPTED: anyone who can read these files can read the backups.'
      : 'It is encrypted. Without a passphrase or key of one of the slots in keys/ no one can read it.'
  const program =
    recover === null
      ? ''
      : `
Getting data out needs Node.js 22.15 or newer and the key, and nothing else. A program that lies beside backups is only as
trustworthy as whoever can write here, so compare first: when this repository was made, the SHA-256 of recover.mjs was
  ${createHash('sha256').update(recover).digest('hex')}
but anyone who can change that file can change this one: rely on the digest that you keep elsewhere ("lifeboat doctor" shows
it), or take recover/recover.mjs from the npm package @lifeboat/core. Then, in this folder:
  sha256sum recover.mjs              (Windows: certutil -hashfile recover.mjs SHA256)
  node recover.mjs --help
  node recover.mjs list .
  node recover.mjs dump . latest ../database.dump        then: pg_restore --dbname NEW_DATABASE ../database.dump
  node recover.mjs media . latest ../media.tar.gz        then: tar -xzf ../media.tar.gz
The key goes into the environment variable LIFEBOAT_PASSPHRASE, or a file: --passphrase-file FILE, --key-file FILE.
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
