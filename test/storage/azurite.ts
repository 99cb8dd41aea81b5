import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BlobServiceClient } from '@azure/storage-blob'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { type ChildServer, startChildServer } from './child-server.ts'

const run = promisify(execFile)
const version = '3.37.0'
const folder = fileURLToPath(new URL(`../../node_modules/.cache/azurite-${version}`, import.meta.url))

/** The blob service of Azurite, fetched once into a cache below node_modules: it is large, and only this needs it. */
export interface AzureServer extends ChildServer {
  connectionString: string
  createContainer(name: string): Promise<void>
}

/** The program, or why it cannot be had here. */
export async function findAzurite(): Promise<{ program: string } | { unavailable: string }> {
  const program = join(folder, 'node_modules/azurite/dist/src/blob/main.js')
  if (existsSync(program)) return { program }
  const temporary = `${folder}.${process.pid}`
  try {
    await mkdir(temporary, { recursive: true })
    await writeFile(join(temporary, 'package.json'), '{"private":true}')
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `azurite@${version}`], {
      cwd: temporary,
    })
    await rename(temporary, folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
    return { program }
  } catch (error) {
    return {
      unavailable: `azurite could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

export async function startAzurite(program: string): Promise<AzureServer> {
  const port = await freePort()
  const data = await mkdtemp(join(tmpdir(), 'lifeboat-azurite-'))
  const account = 'tests'
  const key = Buffer.from('canary-account-key'.repeat(3)).toString('base64')
  const server = await startChildServer(
    process.execPath,
    [
      program,
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      String(port),
      '--location',
      data,
      '--silent',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    port,
    { stdio: 'ignore', env: { PATH: process.env.PATH, AZURITE_ACCOUNTS: `${account}:${key}` } },
  )
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=http://127.0.0.1:${port}/${account};`
  return {
    ...server,
    connectionString,
    async createContainer(name) {
      await BlobServiceClient.fromConnectionString(connectionString).createContainer(name)
    },
    async stop() {
      await server.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}
