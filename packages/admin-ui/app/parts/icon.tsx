const paths = {
  overview: 'M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-4H4z',
  backups:
    'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  activity: 'M3 12h4l3 8 4-16 3 8h4',
  schedule: 'M5 5h14v15H5zM5 10h14M9 3v4M15 3v4',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 4.500v5M8 14.500v5',
  plus: 'M12 5v14M5 12h14',
  more: 'M5 12h.5M11.8 12h.5M18.5 12h.5',
  check: 'M5 13l4 4L19 7',
  warning: 'M12 4L2.5 20h19zM12 10v4M12 17h.01',
  cross: 'M6 6l12 12M18 6L6 18',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  pin: 'M9 4h6l-1 6 4 4H6l4-4zM12 14v6',
  theme: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  clock: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M12 8v4.500l3 2',
  restore: 'M4 12a8 8 0 1 0 2.5-5.800M4 4v4h4',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21.500h4',
} as const

export type IconName = keyof typeof paths

/** A drawing beside a word; it says nothing that the word does not. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`icon ${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
