// Part of what runs first: must work on Node 20 with no package installed.
import { spawn } from 'node:child_process'

/**
 * Runs a program to its end, without a shell. Ctrl-C and SIGTERM are passed on, and it is waited for, so that it can
 * clean up. Resolves to its exit code.
 */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', ...options })
    // A terminal sends Ctrl-C to both of us already; a second one would cut the clean-up short.
    const pass = (signal) => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, pass)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, pass)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}

/** The same with its output kept instead of shown; `code` is null where it could not be started. */
export function runQuietly(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      output += data
    })
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Something the reader can mend: shown without a stack. */
export class Obstacle extends Error {}
