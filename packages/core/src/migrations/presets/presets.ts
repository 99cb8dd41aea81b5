import { alembic } from './alembic.ts'
import { atlas } from './atlas.ts'
import { dbmate } from './dbmate.ts'
import { django } from './django.ts'
import { flyway } from './flyway.ts'
import { golangMigrate } from './golang-migrate.ts'
import { goose } from './goose.ts'
import { liquibase } from './liquibase.ts'
import type { Preset } from './preset.ts'
import { rails } from './rails.ts'
import { sqlx } from './sqlx.ts'

/** Tools outside of Node that are known by name. */
export const ledgerPresets = {
  alembic,
  atlas,
  dbmate,
  django,
  flyway,
  'golang-migrate': golangMigrate,
  goose,
  liquibase,
  rails,
  sqlx,
} as const satisfies Record<string, Preset>

/** The tools that have a preset. */
export type LedgerPresetName = keyof typeof ledgerPresets
