/** What people do again and again, and no program does for them. */
export const reminderIds = [
  'failures',
  'checklist',
  'drills',
  'copy_drill',
  'access',
  'key_rotation',
  'recovery_kit',
  'recovery_exercise',
] as const
export type ReminderId = (typeof reminderIds)[number]
