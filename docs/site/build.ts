/**
 * `npm run docs`: the guides, and the reference of every public entry, made from the sources, as one static site that is
 * searched without a server. Exits with 1 where a link leads nowhere or an export lacks a summary.
 */
import { rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  Application,
  Converter,
  KindRouter,
  type PageDefinition,
  PageEvent,
  type ProjectReflection,
  type Reflection,
} from 'typedoc'
import { deadLinks } from './dead-links.ts'
import { guides, publicEntries, root } from './sources.ts'

const repository = 'https://github.com/lifeboat-backups/lifeboat'
const pages = new Map<Reflection, string>()

/** As GitHub makes anchors of headings, so that one link serves both. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')

/** Guides keep the names of their files, whatever their titles are. */
class SiteRouter extends KindRouter {
  override buildPages(project: ProjectReflection): PageDefinition[] {
    const built = super.buildPages(project)
    for (const slugger of this.sluggers.values()) Object.assign(slugger, { serialize: anchorOf })
    return built
  }

  protected override getIdealBaseName(reflection: Reflection): string {
    return pages.get(reflection) ?? super.getIdealBaseName(reflection)
  }
}

/** What is wrong with the site that was built; nothing, most of the time. */
async function buildSite(folder: string): Promise<string[]> {
  const entries = publicEntries()
  const documents = guides()
  const application = await Application.bootstrap({
    name: 'Lifeboat',
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    basePath: root,
    entryPoints: [...entries.values()].map((source) => join(root, source)),
    projectDocuments: documents.map(({ path }) => join(root, path)),
    readme: join(root, 'README.md'),
    router: 'site',
    disableGit: true,
    sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`,
    navigationLinks: { Source: repository },
    navigation: { includeGroups: true },
    // The compiler has checked the sources: `npm run check`.
    skipErrorChecking: true,
    excludePrivate: true,
    excludeExternals: true,
    customCss: join(import.meta.dirname, 'style.css'),
    hideGenerator: true,
    searchInDocuments: true,
    searchInComments: true,
    searchGroupBoosts: { Guides: 30 },
    highlightLanguages: ['bash', 'ini', 'javascript', 'json', 'nginx', 'python', 'sql', 'typescript', 'yaml'],
    ignoredHighlightLanguages: ['caddyfile', 'crontab', 'sh', 'text'],
    markdownItOptions: { html: true, linkify: false },
    markdownItLoader: codeInHeadings,
    validation: { invalidLink: true, notExported: false, notDocumented: false },
  })
  application.renderer.defineRouter('site', SiteRouter)
  application.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const guide = documents.find(({ path }) => path === `${document.name}.md`)
    if (!guide) throw new Error(`${document.name} is not one of the documents.`)
    pages.set(document, guide.page)
    document.name = guide.title
    document.frontmatter.group = guide.group
  })
  // A link to a folder needs a server that looks for index.html there.
  application.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents?.replaceAll(/ href="((?:\.\.\/)+)(?=[#"])/g, ' href="$1index.html')
  })
  const project = await application.convert()
  if (!project) return ['The sources could not be read.']
  nameModules(project, entries)
  application.validate(project)
  rmSync(folder, { recursive: true, force: true })
  await application.generateDocs(project, folder)
  const { logger } = application
  return [
    ...(logger.hasErrors() || logger.hasWarnings() ? ['TypeDoc warns; see above.'] : []),
    ...exportsWithoutSummary(project).map((name) => `lacks a summary: ${name}`),
    ...deadLinks(folder),
  ]
}

/** By what users import, not by where it lies. */
function nameModules(project: ProjectReflection, entries: Map<string, string>): void {
  const names = new Map([...entries].map(([name, source]) => [source, name]))
  for (const module of project.children ?? []) {
    const name = names.get(module.sources?.[0]?.fileName ?? '')
    if (!name) throw new Error(`${module.name} is not one of the entries.`)
    module.name = name
  }
}

function exportsWithoutSummary(project: ProjectReflection): string[] {
  return (project.children ?? []).flatMap((module) =>
    (module.children ?? [])
      .filter((one) => !hasSummary(one.isReference() ? one.getTargetReflectionDeep() : one))
      .map((one) => `${module.name}: ${one.name}`),
  )
}

/** A function has its comment at its signatures. */
function hasSummary(one: Reflection): boolean {
  const signatures = one.isDeclaration() ? (one.signatures ?? []) : []
  return [one, ...signatures].some(({ comment }) => comment && comment.summary.length > 0)
}

interface Token {
  type: string
  content: string
  children: Token[] | null
}
interface MarkdownIt {
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[]; Token: typeof Object }) => void): void } }
}

/** Anchors as GitHub makes them: `### \`init\`` is #init. TypeDoc looks at the text beside the code alone. */
function codeInHeadings(markdown: MarkdownIt): void {
  markdown.core.ruler.push('code_in_headings', ({ tokens }) => {
    for (const [index, { children }] of tokens.entries()) {
      if (tokens[index - 1]?.type !== 'heading_open' || !children) continue
      const like = (token: Token, type: string, content: string): Token =>
        Object.assign(Object.create(Object.getPrototypeOf(token)), token, { type, content })
      const parts = children.flatMap((token) =>
        token.type === 'code_inline'
          ? [
              like(token, 'html_inline', '<code>'),
              like(token, 'text', token.content),
              like(token, 'html_inline', '</code>'),
            ]
          : [token],
      )
      children.splice(0, children.length, ...parts)
    }
  })
}

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, 'dist') },
    // Looks at the links of a site that is there, and builds none.
    check: { type: 'boolean', default: false },
  },
})
const folder = resolve(values.out)
const problems = values.check ? deadLinks(folder) : await buildSite(folder)
for (const problem of problems) console.error(problem)
const page = join(relative('.', folder), 'index.html')
console.log(problems.length === 0 ? `The site: ${page}` : `${problems.length} problems.`)
process.exitCode = problems.length === 0 ? 0 : 1
