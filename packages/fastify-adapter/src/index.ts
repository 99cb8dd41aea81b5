export { backupRoutes, type FastifyOptions } from './backup-routes.ts'
