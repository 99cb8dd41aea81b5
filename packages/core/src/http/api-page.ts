import type { Route } from './route.ts'

/** A page for people who open the base path in a browser: what can be asked for. */
export function apiPage(routes: readonly Route[], basePath: string): string {
  const rows = routes
    .map(({ method, path, summary, permission }) => {
      const url = `${basePath}/${path ? `${path}/` : ''}`
      return `<tr><td>${method}</td><td><code>${escapeHtml(url)}</code></td><td>${escapeHtml(summary)}</td><td><code>${permission}</code></td></tr>`
    })
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Backup API</title></head>
<body>
<h1>Backup API</h1>
<p>Described in full by <a href="${escapeHtml(basePath)}/openapi.json">openapi.json</a>.</p>
<table>
<thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Permission</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
