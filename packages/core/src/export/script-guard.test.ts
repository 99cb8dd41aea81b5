import { expect, test } from 'vitest'
import { refuseBareBackslash } from './script-guard.ts'

test.each([
  'SELECT 1',
  "SELECT E'a\\'b\\\\', 'c\\'",
  'CREATE TABLE "a\\b" (x text)',
  'AS $_$ \\! $x$ \\. $_$ LANGUAGE sql',
  'AS $$ \\copy $$',
  "SELECT 'two''s \\'",
  `SELECT "a'\\b", '\\'`,
])('fine: %s', (sql) => {
  expect(() => refuseBareBackslash(sql)).not.toThrow()
})

test.each([
  'SELECT 1;\n\\! id',
  "SELECT 'a';\n\\! id '",
  "SELECT E'a\\'; \\! id",
  "SELECT 'a\\'; \\! id",
  '-- comment \\n',
  'SELECT $a$ x $b$ \\! id',
  'SELECT a$x$; \\! id $x$',
  "SELECT date'\\'; \\! id --'",
  '"unclosed \\! id',
])('refused: %s', (sql) => {
  expect(() => refuseBareBackslash(sql)).toThrow('backslash')
})
