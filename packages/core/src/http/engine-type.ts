/** What the routes need of an engine: one that `createBackupEngine` returned. */
export interface HttpEngine {
  databases(): string[]
  mediaFolders(): string[]
}
