import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { readDurations } from './durations.ts'

/**
 * The longest files first: begun last, one of them would go on alone while the other workers have nothing left to do.
 * A file without a record counts as long. Files that share a process stay together, at the end: each takes little.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const durations = readDurations()
    const seconds = ({ relative, project }: Sortable) => (project.isolate ? 0 : -1e6) + (durations[relative] ?? 60)
    return files
      .map((file) => ({
        file,
        relative: relativeTo(this.ctx.config.root, file.moduleId),
        project: file.project.config,
      }))
      .toSorted((a, b) => seconds(b) - seconds(a))
      .map(({ file }) => file)
  }
}

interface Sortable {
  relative: string
  project: { isolate: boolean }
}

const relativeTo = (root: string, path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path)
