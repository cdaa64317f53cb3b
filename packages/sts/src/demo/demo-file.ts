import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const server = z.object({ clientId: z.string(), privateKeyFile: z.string(), certificateFile: z.string() })
const account = z.object({ upn: z.string(), password: z.string(), totpSecret: z.string().optional() })

/** `.postern/demo.json`, for scripts and for people who integrate. Its form is a contract. */
const demoFile = z.object({
  issuer: z.string(),
  realm: z.object({ id: z.string(), domain: z.string() }),
  cloudDomain: z.string(),
  accounts: z.array(account),
  admin: account,
  clients: z.object({
    mail: z.object({ clientId: z.string(), redirectUris: z.array(z.string()) }),
    confidential: z.object({ clientId: z.string(), clientSecret: z.string() }),
    exchange: server,
    cloud: server,
    mailServer: z.object({ clientId: z.string(), clientSecret: z.string() }),
  }),
  resources: z.object({ mail: z.string(), cloud: z.string() }),
  mailServer: z.string(),
  cloudServer: z.string(),
  endpoints: z.record(z.string(), z.string()),
})

export type DemoFile = z.output<typeof demoFile>

/** What every version wrote: enough to know the demo's realm again, and its secrets. */
const earlierFile = demoFile.pick({ realm: true, accounts: true, admin: true }).extend({
  clients: z.object({
    confidential: demoFile.shape.clients.shape.confidential,
    mailServer: demoFile.shape.clients.shape.mailServer.optional(),
  }),
  endpoints: demoFile.shape.endpoints.optional(),
})

export type EarlierDemoFile = z.output<typeof earlierFile>

/** What an earlier run wrote, also that of an earlier version. `undefined`: nothing, or nothing that can be used. */
export async function findDemoFile(path: string): Promise<EarlierDemoFile | undefined> {
  try {
    return earlierFile.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
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
