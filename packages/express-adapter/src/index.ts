export { backupRoutes, type ExpressOptions } from './backup-routes.ts'
