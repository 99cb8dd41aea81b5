/** The application as its users see it: how many notes there are, and a button that should not have been pressed. */
export const notesPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Notes</title>
<style>body { font: 16px system-ui; max-width: 40em; margin: 3em auto; padding: 0 1em } button { font: inherit }</style>
</head>
<body>
<h1>Notes</h1>
<p role="status">Looking…</p>
<p><button id="add">Add a note</button> <button id="empty">Delete all notes</button></p>
<p><a href="/admin/backups">Backups of this application</a></p>
<script type="module">
const show = async () => {
  const answer = await fetch('/notes').catch(() => null)
  const text = answer?.ok ? (await answer.json()).length + ' notes' : 'The application is away for a moment.'
  document.querySelector('[role=status]').textContent = text
}
const on = (id, init) => document.getElementById(id).addEventListener('click', () => fetch('/notes', init).finally(show))
on('add', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text": "another note"}' })
on('empty', { method: 'DELETE' })
show()
setInterval(show, 1000)
</script>
</body>
</html>
`
