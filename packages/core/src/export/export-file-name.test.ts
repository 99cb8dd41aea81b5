import { expect, test } from 'vitest'
import { exportFileName } from './export-file-name.ts'

const date = new Date('2026-03-04T05:06:07.890Z')

test.each([
  ['shop', 'backup', 'shop_backup_20260304_050607.dump'],
  ['shop', 'media', 'shop_media_20260304_050607.tar.gz'],
  ['shop', 'sql', 'shop_backup_20260304_050607.sql'],
  ['@acme/web shop', 'backup', 'acme-web-shop_backup_20260304_050607.dump'],
  ['../../etc/passwd', 'backup', 'etc-passwd_backup_20260304_050607.dump'],
  ['-rf\n\0', 'backup', 'rf_backup_20260304_050607.dump'],
  ['Größe', 'backup', 'Gro-e_backup_20260304_050607.dump'],
  ['', 'backup', 'app_backup_20260304_050607.dump'],
] as const)('%j, %s', (app, kind, name) => {
  expect(exportFileName(app, kind, date)).toBe(name)
})

test('with the database, where there are several', () => {
  expect(exportFileName('shop', 'backup', date, 'stock')).toBe('shop_stock_backup_20260304_050607.dump')
  expect(exportFileName('', 'backup', date, '../x')).toBe('app_x_backup_20260304_050607.dump')
})
