/** The first page of the public demo. */
export const welcomePage = (demo: { resetMinutes: number; since: Date }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Lifeboat: public demo</title>
<style>body { font: 16px system-ui; max-width: 40em; margin: 3em auto; padding: 0 1em }
[role=note] { border-left: 4px solid #b45309; padding: .5em 1em }</style>
</head>
<body>
<h1>Lifeboat: public demo</h1>
<p role="note">All of it is made up, and visitors change nothing. It is made new every ${demo.resetMinutes} minutes, last at
<time datetime="${demo.since.toISOString()}">${demo.since.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>.</p>
<p><a href="/backups/ui/">The backups of a small shop</a>: three nights, a release, an UPDATE without a WHERE, and the restore that
took it back. Compare a backup with what is there now, look at the plan of a restore, read the log of one.</p>
</body>
</html>
`
