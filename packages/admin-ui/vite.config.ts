import { defineConfig } from 'vite'

/** The pages, as static files below `dist/pages`. Every address in them is relative: they work under any path. */
export default defineConfig({
  base: './',
  build: {
    outDir: 'dist/pages',
    assetsDir: 'assets',
    // Nothing in the markup: the Content-Security-Policy lets no inline code or data through.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // `use client` means nothing in a page.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
})
