export { type AdminUi, type AdminUiFile, type AdminUiOptions, adminUi } from './admin-ui.ts'
