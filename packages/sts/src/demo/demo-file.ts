import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const account = z.object({ upn: z.string(), password: z.string(), totpSecret: z.string().optional() })

/** `.postern/demo.json`, for scripts and for people who integrate. Its form is a contract. */
const demoFile = z.object({
  issuer: z.string(),
  realm: z.object({ id: z.string(), domain: z.string() }),
  accounts: z.array(account),
  admin: account,
  clients: z.object({
    mail: z.object({ clientId: z.string(), redirectUris: z.array(z.string()) }),
    confidential: z.object({ clientId: z.string(), clientSecret: z.string() }),
    exchange: z.object({ clientId: z.string(), privateKeyFile: z.string(), certificateFile: z.string() }),
  }),
  resources: z.object({ mail: z.string() }),
  mailServer: z.string(),
  endpoints: z.record(z.string(), z.string()),
})

export type DemoFile = z.output<typeof demoFile>

/** What an earlier run wrote. `undefined`: nothing, or nothing that can be used. */
export async function findDemoFile(path: string): Promise<DemoFile | undefined> {
  try {
    return demoFile.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined
    throw error
  }
}

/** Mode 0600, and complete or not at all: it holds passwords, and scripts read it while we write. */
export const writeDemoFile = (path: string, content: DemoFile): Promise<void> =>
  writeSecretFile(path, `${JSON.stringify(demoFile.parse(content), null, 2)}\n`)

export async function writeSecretFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}
