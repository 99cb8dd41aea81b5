import { globSync, readFileSync } from 'node:fs'

/** What a file of tests needs, and so how it runs. */
export interface Projects {
  /** No server, no process of its own: many files in one process, which loads each module once. */
  unit: string[]
  /** Servers, processes, browsers: each file in a process of its own. */
  server: string[]
  /** The same; many more cases with `npm run test:long` than with `npm test`. */
  sweep: string[]
}

/** A server, a process, a browser, a worker thread; or what belongs to the whole process and is changed or looked at. */
const needsProcess = [
  /startTemporaryCluster|startChildServer|startExample|versionsToTest|openHost|openShop|\/servers\//,
  /child_process|\bspawn|new Worker\(/,
  /process\.(env|memoryUsage|cpuUsage|on|chdir|umask|exitCode|std)|globalThis\./,
  /vi\.(mock|spyOn|stub|useFakeTimers)|eventLoopUtilization|monitorEventLoopDelay|setPriority|startStopwatch/,
]
const isSweep = /LIFEBOAT_LONG|\/runner\/counts\.ts'/

/** Each file's own text says what it needs, so that there is no list to keep. */
export function sortIntoProjects(root: string, patterns: string[], exclude: string[]): Projects {
  const projects: Projects = { unit: [], server: [], sweep: [] }
  for (const path of globSync(patterns, { cwd: root, exclude }).sort()) {
    const text = readFileSync(`${root}/${path}`, 'utf8')
    const server = needsProcess.some((pattern) => pattern.test(text))
    projects[isSweep.test(text) ? 'sweep' : server ? 'server' : 'unit'].push(path)
  }
  return projects
}
