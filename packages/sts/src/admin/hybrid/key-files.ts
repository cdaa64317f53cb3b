/** Key and certificate of a server that has none yet, as files that its administrator takes there. */
import { chmod, open, readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SigningKey } from '@postern/storage'
import { toCertificatePem } from '../../protocol/signing-keys.ts'
import { OperationRefused } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'

export interface KeyFiles {
  /** PEM. */
  readonly certificate: string
  readonly privateKeyFile: string
  readonly certificateFile: string
  /** Whether they were made just now. */
  readonly made: boolean
}

const pathsOf = (directory: string, name: string) => ({
  privateKeyFile: resolve(directory, `${name}.key.pem`),
  certificateFile: resolve(directory, `${name}.cert.pem`),
})

/** The certificate that a run before this one has made there. @throws {OperationRefused} `conflict`, when its key is gone */
export async function findKeyFiles(directory: string, name: string): Promise<KeyFiles | undefined> {
  const paths = pathsOf(directory, name)
  const [certificate, privateKey] = [await findText(paths.certificateFile), await findText(paths.privateKeyFile)]
  if (certificate === undefined && privateKey === undefined) return undefined
  if (certificate === undefined || privateKey === undefined)
    throw new OperationRefused(
      'conflict',
      `Of ${paths.privateKeyFile} and ${paths.certificateFile} one is missing, and neither is written over. Bring it back, or move the other one away.`,
    )
  return Object.freeze({ certificate, ...paths, made: false })
}

/** Writes a new pair. The key is readable by its owner alone, and nothing is ever written over. */
export async function makeKeyFiles(directory: string, name: string, key: SigningKey): Promise<KeyFiles> {
  const paths = pathsOf(directory, name)
  const certificate = toCertificatePem(key)
  let isKeyWritten = false
  try {
    await makeFolder(resolve(directory), { mode: 0o700 })
    await writeNew(paths.privateKeyFile, toPrivateKeyPem(key), 0o600)
    isKeyWritten = true
    await writeNew(paths.certificateFile, certificate, 0o644)
  } catch (error) {
    if (isKeyWritten) await rm(paths.privateKeyFile, { force: true })
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new OperationRefused('invalid', `A key cannot be written to ${directory}: ${error.message}`, { cause: error })
  }
  return Object.freeze({ certificate, ...paths, made: true })
}

/** For a set-up that came to nothing: what it had made goes. */
export async function removeMadeFiles(files: readonly KeyFiles[]): Promise<void> {
  for (const { privateKeyFile, certificateFile, made } of files) {
    if (!made) continue
    await rm(privateKeyFile, { force: true })
    await rm(certificateFile, { force: true })
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(path, mode)
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OperationRefused('invalid', `${path} cannot be read.`, { cause: error })
  }
}

function toPrivateKeyPem({ privateKey }: SigningKey): string {
  const lines =
    Buffer.from(privateKey)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}
