export { type AdminUi, type AdminUiFile, adminUi } from './admin-ui.ts'
