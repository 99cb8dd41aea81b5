import { type Command, Option } from 'commander'

/** Adds the options that say where the database and the repository are, and how to answer. */
export function withCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--database-url <url>', "the application's database").env('DATABASE_URL'))
    .option('--database <label>', 'which of the configured databases')
    .addOption(new Option('--repository <location>', 'path or URL of the repository').env('LIFEBOAT_REPOSITORY'))
    .option('--passphrase-file <file>', 'file with the passphrase (or set LIFEBOAT_PASSPHRASE)')
    .option(
      '--passphrase-command <command>',
      'program that prints the passphrase, as a password manager does (or set LIFEBOAT_PASSPHRASE_COMMAND)',
    )
    .option('--key-file <file>', 'file with a raw key: 32 bytes, or 64 hex digits')
    .addOption(
      new Option('--age-identity <file>', 'file with age identities, as age-keygen makes it').env(
        'LIFEBOAT_AGE_IDENTITY',
      ),
    )
    .addOption(
      new Option('--fingerprint <hex>', 'with --age-identity: the repository that is meant').env(
        'LIFEBOAT_FINGERPRINT',
      ),
    )
    .addOption(new Option('--encryption <mode>', 'only "none": keep the key beside the data').choices(['none']))
    .option(
      '--config <file>',
      'configuration file (default: lifeboat.config.ts, .mts, .js, .mjs, .cjs or .json, if there is one)',
    )
    .addOption(
      new Option('--catalog <place>', 'SQLite file, PostgreSQL URL, or schema:<name> of the database').env(
        'LIFEBOAT_CATALOG',
      ),
    )
    .option('--unrecorded <reason>', 'in an emergency: go ahead although it can be recorded only later')
    .option('--json', 'print one JSON document on stdout')
    .option('--yes', 'do not ask for confirmation')
    .option('--quiet', 'no progress')
}
