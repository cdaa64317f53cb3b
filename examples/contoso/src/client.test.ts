import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const demo = {
  issuer: 'http://localhost:1/realm',
  realm: { id: 'realm', domain: 'contoso.com' },
  accounts: [{ upn: 'joe@contoso.com', password: 'p' }],
  admin: { upn: 'admin@contoso.com', password: 'p' },
  clients: { mail: { clientId: 'mail', redirectUris: ['http://127.0.0.1/callback'] }, exchange: { clientId: 'exchange' } },
  resources: { mail: 'http://localhost:2/' },
  mailServer: 'http://localhost:2',
}

test('help is no error; who has no second factor is told how to set one up; a wrong option is wrong usage', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-client-'))
  const file = join(directory, 'demo.json')
  const run = (...words: readonly string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const client = fileURLToPath(new URL('client.ts', import.meta.url))
      execFile(process.execPath, [client, ...words], { env: { ...process.env, POSTERN_DEMO_FILE: file } }, (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      )
    })
  try {
    await writeFile(file, JSON.stringify(demo))
    const [help, joe, wrong] = await Promise.all([run('--help'), run('joe@contoso.com', '--sign-in'), run('--sing-in')])
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringContaining('--sign-in') })
    expect(joe).toMatchObject({ code: 1, err: expect.stringContaining('without --sign-in to set one up') })
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('usage:') })
  } finally {
    await rm(directory, { recursive: true })
  }
})
