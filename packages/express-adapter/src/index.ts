export { backupRoutes, type ExpressOptions } from './backup-routes.ts'
export { maintenanceMode } from './maintenance-mode.ts'
