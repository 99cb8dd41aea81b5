/** Beginnings of attacks on SQL, shells, paths, options, terminals, JSON, COPY and patterns. `marker` is a file to make. */
const attacks = (marker: string): string[] => [
  ...[`'; DROP DATABASE app; --`, `"; DROP DATABASE app; --`, `x'; SELECT pg_sleep(60); --`, `$$; DROP TABLE t; $$`],
  ...[
    `$tag$ x $tag$`,
    `/* open`,
    `*/ close`,
    `-- rest`,
    `;`,
    `E'\\''`,
    `U&"\\0061"`,
    `\\`,
    `\\\\`,
    `\\.`,
    `\\N`,
    `\\t`,
  ],
  ...[`$(touch ${marker})`, `\`touch ${marker}\``, `|touch ${marker}`, `&& touch ${marker}`, `> ${marker}`, `\${HOME}`],
  ...[`\\! touch ${marker}`, `\\connect evil`, `\\copy x`, `%s%n%x`, `%00`, `%2e%2e%2f`, `{{7*7}}`, '#{x}', '<%= x %>'],
  ...['-h evil.example', '--file=/dev/null', '--dbname=evil', '-', '--', '-c', '--help', '--config=/etc/passwd'],
  ...['host=evil dbname=x', 'postgresql://evil/x', 'service=evil', `options='-c x'`, 'user=postgres password=x'],
  ...[
    '../../etc/passwd',
    '/etc/passwd',
    '..',
    '.',
    'a/b',
    'C:\\x',
    'CON',
    '~root',
    'file:///etc/passwd',
    '*',
    '?',
    '[a-z]',
  ],
  ...['__proto__', 'constructor', 'toString', 'null', 'undefined', 'true', '0', '-1', '1e9', 'NaN', '{"a":1}', '[]'],
  ...['\u001b[2J', '\u001b]0;x\u0007', '\r', '\n', '\t', '\u202egnp.exe', '\u200b', '\ufeff', '\u2028', 'é', 'e\u0301'],
  ...['<script>alert(1)</script>', '&amp;', `" onload="x`, '=1+1', '@SUM(A1)', 'SELECT', 'table', 'user', 'ALL', 'oid'],
  ...[
    'ä'.repeat(31),
    '😀'.repeat(15),
    'x'.repeat(63),
    ' ',
    '  two  ',
    'UPPER',
    'a.b',
    'public.t',
    '"a"."b"',
    `'`,
    '"',
    '""',
  ],
]

/** At least 300 different names that PostgreSQL takes: at most 63 bytes, no NUL. */
export function hostileNames(marker: string): string[] {
  const forms = (name: string) => [name, `${name}"`, `'${name}`, `${name}\n`, `a${name}`]
  const names = attacks(marker).flatMap(forms)
  return [...new Set(names)].filter((name) => name !== '' && Buffer.byteLength(name) <= 63)
}
