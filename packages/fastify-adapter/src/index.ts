export { backupRoutes, type FastifyOptions } from './backup-routes.ts'
export { maintenanceMode } from './maintenance-mode.ts'
