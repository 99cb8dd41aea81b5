import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../structure/sources.ts'

interface PackageFile {
  name: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/**
 * An empty project with packages of ours as npm would install them: unpacked from their tarballs, beside them what they
 * declare and nothing else. Dependencies are links to what the tree has installed, so that no registry is needed; one
 * that is not declared is not found.
 */
export async function emptyProject(
  packages: readonly string[],
  { type = 'module', also = [] }: { type?: 'module' | 'commonjs'; also?: readonly string[] } = {},
): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'lifeboat-project-'))
  await writeFile(
    join(project, 'package.json'),
    `${JSON.stringify({ name: 'empty', version: '1.0.0', main: 'index.js', type })}\n`,
  )
  const modules = join(project, 'node_modules')
  for (const name of packages) {
    const source = join(root, 'packages', name)
    const output = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], source)
    const listed: unknown = JSON.parse(output)
    const [packed] = (Array.isArray(listed) ? listed : Object.values(listed as object)) as { filename: string }[]
    await run('tar', ['-xzf', packed?.filename ?? ''], project)
    const { name: full, ...declared } = JSON.parse(
      await readFile(join(project, 'package', 'package.json'), 'utf8'),
    ) as PackageFile
    await mkdir(dirname(join(modules, full)), { recursive: true })
    await rename(join(project, 'package'), join(modules, full))
    const optional = declared.peerDependenciesMeta ?? {}
    const peers = Object.keys(declared.peerDependencies ?? {}).filter((peer) => !optional[peer]?.optional)
    for (const dependency of [...Object.keys(declared.dependencies ?? {}), ...peers])
      if (!dependency.startsWith('@lifeboat/')) await link(modules, source, dependency)
  }
  for (const dependency of also) await link(modules, root, dependency)
  return project
}

async function link(modules: string, source: string, dependency: string): Promise<void> {
  const target = join(modules, dependency)
  if (existsSync(target)) return
  const places = [join(source, 'node_modules', dependency), join(root, 'node_modules', dependency)]
  const found = places.find((place) => existsSync(place))
  if (!found) throw new Error(`${dependency} is declared and not installed.`)
  await mkdir(dirname(target), { recursive: true })
  await symlink(found, target)
}

function run(file: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, maxBuffer: 16 << 20 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${file} ${args.join(' ')}: ${stderr}`, { cause: error })) : resolve(stdout),
    )
  })
}
