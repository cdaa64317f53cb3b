import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** A port where nobody listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has one
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('help is no error; wrong usage, an unknown account and a service that is away are told apart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-token-'))
  const file = join(directory, 'demo.json')
  const run = (...words: readonly string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const program = fileURLToPath(new URL('print-token.ts', import.meta.url))
      execFile(process.execPath, [program, ...words], { env: { ...process.env, POSTERN_DEMO_FILE: file } }, (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      )
    })
  const issuer = `http://localhost:${await closedPort()}/realm`
  const demo = {
    issuer,
    realm: { id: 'realm', domain: 'contoso.com' },
    accounts: [{ upn: 'mary@contoso.com', password: 'p' }],
    admin: { upn: 'admin@contoso.com', password: 'p' },
    clients: { mail: { clientId: 'mail', redirectUris: ['http://127.0.0.1/callback'] }, exchange: { clientId: 'exchange' } },
    resources: { mail: 'http://localhost:2/' },
    mailServer: 'http://localhost:2',
  }
  const resource = 'http://localhost:9001/'
  try {
    await writeFile(file, JSON.stringify(demo))
    const [help, none, option, nobody, away] = await Promise.all([
      run('--help'),
      run('mary@contoso.com'),
      run('--scope'),
      run('eve@contoso.com', resource),
      run('MARY@contoso.com', resource),
    ])
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringContaining('usage:') })
    for (const one of [none, option]) expect(one).toMatchObject({ code: 2, out: '', err: expect.stringContaining('usage:') })
    expect(nobody).toMatchObject({ code: 1, out: '', err: expect.stringContaining('They are: mary@contoso.com') })
    expect(away).toMatchObject({ code: 1, out: '', err: `Nothing answers at ${issuer}. Run npm start in another terminal.\n` })
  } finally {
    await rm(directory, { recursive: true })
  }
})
