import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { type ChildServer, startChildServer } from './child-server.ts'
import { unpackPackages } from './debian-packages.ts'

const run = promisify(execFile)

/** An S3 server: moto, a Python program. */
export interface S3Server extends ChildServer {
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  createBucket(name: string, options?: { objectLock?: boolean }): Promise<void>
}

interface Python {
  command: string[]
  env: NodeJS.ProcessEnv
}

let found: Promise<Python> | undefined
const python = () => {
  found ??= findMoto()
  return found
}

/** Why there is no S3 server here, or undefined. */
export async function motoUnavailable(): Promise<string | undefined> {
  try {
    await python()
    return undefined
  } catch (error) {
    return `moto is not installed and could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`
  }
}

export async function startMoto(): Promise<S3Server> {
  const { command, env } = await python()
  const [program = '', ...first] = command
  const port = await freePort()
  const server = await startChildServer(program, [...first, '-c', main, '-H', '127.0.0.1', '-p', String(port)], port, {
    stdio: 'ignore',
    env,
  })
  const endpoint = `http://127.0.0.1:${port}`
  const credentials = { accessKeyId: 'tests', secretAccessKey: 'canary-secret-access-key' }
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  return {
    ...server,
    endpoint,
    credentials,
    async createBucket(Bucket, { objectLock = false } = {}) {
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: objectLock }))
    },
    async stop() {
      client.destroy()
      await server.stop()
    },
  }
}

/**
 * One request at a time. Moto looks whether an object is there and then stores it, in a thread per connection: under load
 * two writers were told that each had put what was absent, which a storage must never do; and a reader's object was
 * replaced under it. Bodies are read before.
 */
const main = `
import io, sys, threading
import moto.server

answering = threading.Lock()
run = moto.server.run_simple

def run_simple(host, port, app, **options):
    def one_at_a_time(environ, start_response):
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with answering:
            return app(environ, start_response)
    run(host, port, one_at_a_time, **options)

moto.server.run_simple = run_simple
moto.server.main(sys.argv[1:])
`

/** The one that is installed where it is new enough to know put-if-absent; else Debian's, unpacked into a cache. */
async function findMoto(): Promise<Python> {
  const installed: Python = { command: ['python3'], env: process.env }
  if (await serves(installed)) return installed
  const packages = await unpackPackages('moto', 'sid', ['python3-moto', 'python3-flask-cors'])
  const fetched: Python = {
    command: packages.command('usr/bin/python3'),
    env: { PATH: process.env.PATH, PYTHONHOME: join(packages.root, 'usr'), PYTHONWARNINGS: 'ignore' },
  }
  if (!(await serves(fetched))) throw new Error('the package does not run here')
  return fetched
}

async function serves({ command, env }: Python): Promise<boolean> {
  const [program = '', ...first] = command
  const check =
    'import moto, moto.server, flask, sys; sys.exit(tuple(map(int, moto.__version__.split(".")[:2])) < (5, 1))'
  return run(program, [...first, '-c', check], { env }).then(
    () => true,
    () => false,
  )
}
