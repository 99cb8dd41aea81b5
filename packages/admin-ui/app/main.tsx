import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Router } from 'wouter'
import { Problem, uiRoot } from './api/client.ts'
import { LiveProvider } from './api/live.tsx'
import { SessionProvider } from './api/session.tsx'
import { Pages } from './pages/pages.tsx'
import { Toasts } from './parts/toasts.tsx'
import { Shell, WaitingShell } from './shell/shell.tsx'
import { loadTexts } from './texts/texts.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/controls.css'
import './styles/parts.css'
import './styles/pages.css'
import './styles/forms.css'
import './styles/overview.css'
import './styles/restore.css'
import './styles/schedule.css'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // Whether there is an internet says nothing about the server beside this page.
      networkMode: 'always',
      // What the server has refused it refuses again; what did not get through may do so next time.
      retry: (failures, error) => !(error instanceof Problem && error.status < 500) && failures < 2,
    },
    mutations: { networkMode: 'always' },
  },
})

const root = document.getElementById('root')
const loading = loadTexts()
if (loading) loading.then(draw, draw)
else draw()

/** Once the texts are there; where they cannot be had, in English. */
function draw(): void {
  if (!root) return
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Router base={uiRoot}>
          <SessionProvider waiting={<WaitingShell />}>
            <LiveProvider>
              <Shell>
                <Pages />
              </Shell>
            </LiveProvider>
          </SessionProvider>
          <Toasts />
        </Router>
      </QueryClientProvider>
    </StrictMode>,
  )
}
