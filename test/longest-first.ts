import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take half a minute and more, the longest first. Begun last, one of them would go on alone while the other
 * workers have nothing left to do. A file that is not here only costs time.
 */
const longest = [
  'test/catalog/killed.test.ts',
  'test/incremental/property.test.ts',
  'test/faults/killed.test.ts',
  'test/faults/storage-sweep.test.ts',
  'test/storage/weather.test.ts',
  'test/storage/shared-bucket.test.ts',
  'test/packages/packages.test.ts',
  'test/host/host.test.ts',
  'packages/core/src/restore/kill.test.ts',
  'packages/core/src/backup/interruptions.test.ts',
  'test/storage/object-lock.test.ts',
  'test/replicas/schedule.test.ts',
  'packages/core/src/backup/run-backup.test.ts',
  'test/security/canary.test.ts',
  'test/browser/accessible.test.ts',
  'test/browser/many-backups.test.ts',
  'test/archive/export.test.ts',
  'test/incremental/history.test.ts',
  'packages/core/src/restore/restore.test.ts',
  'test/cli/cli.test.ts',
  'packages/core/src/postgres/copy.test.ts',
  'packages/core/src/repository/keys.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((file) => moduleId.endsWith(file))
      return place < 0 ? longest.length : place
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
