import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type ChildServer, freePort, startChildServer } from './child-server.ts'

const run = promisify(execFile)

/** An S3 server: moto, a Python program (`pip install 'moto[server]'`, or Debian's python3-moto from trixie on). */
export interface S3Server extends ChildServer {
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  createBucket(name: string, options?: { objectLock?: boolean }): Promise<void>
}

/** Why there is no S3 server here, or undefined. */
export async function motoUnavailable(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import moto.server, flask'])
    return undefined
  } catch {
    return 'moto is not installed (pip install "moto[server]")'
  }
}

export async function startMoto(): Promise<S3Server> {
  const port = await freePort()
  const server = await startChildServer(
    'python3',
    ['-c', 'import sys; from moto.server import main; main(sys.argv[1:])', '-H', '127.0.0.1', '-p', String(port)],
    port,
    { stdio: 'ignore' },
  )
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
