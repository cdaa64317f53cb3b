/**
 * postfix runs the Postfix of the system, with the files of examples/postfix, from a temporary folder and on a free port of
 * loopback. Postfix starts as root only.
 * @module
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../support/sts-process.ts'
import { fill, startChild, waitForPorts } from './child.ts'
import type { Certificate } from './mail-world.ts'

const EXAMPLES = fileURLToPath(new URL('../../../examples/postfix/', import.meta.url))
const DAEMONS = '/usr/lib/postfix/sbin'
const run = promisify(execFile)

export interface Postfix {
  readonly submissions: number
  log(): string
  stop(): Promise<void>
}

export async function startPostfix(parts: { saslSocket: string; certificate: Certificate }): Promise<Postfix> {
  if (process.getuid?.() !== 0) throw new TypeError('Postfix starts as root only: run pnpm test:servers as root')
  const folder = await mkdtemp(join(tmpdir(), 'postern-postfix-'))
  await chmod(folder, 0o755)
  const [etc, queue, data] = [join(folder, 'etc'), join(folder, 'queue'), join(folder, 'data')]
  for (const path of [etc, queue, data]) await mkdir(path)
  const owner = await userId('postfix')
  await chown(data, owner, owner)
  const port = await freePort()
  const example = await readFile(join(EXAMPLES, 'main.cf'), 'utf8')
  await writeFile(
    join(etc, 'main.cf'),
    `${mainFile({ etc, queue, data }, parts.certificate)}${fill(example, { 'private/auth': parts.saslSocket })}`,
  )
  const submissions = await readFile(join(EXAMPLES, 'master.cf'), 'utf8')
  await writeFile(
    join(etc, 'master.cf'),
    `${fill(submissions, { 'submissions inet n - y': `127.0.0.1:${port} inet n - n` })}${services}`,
  )
  // Makes the folders of the queue; `postfix start` would leave a process that is nobody's child.
  await run('/usr/sbin/postfix', ['-c', etc, 'check'])
  const child = startChild(`${DAEMONS}/master`, ['-c', etc, '-d'])
  try {
    await waitForPorts(child, [port])
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    submissions: port,
    log: () => (existsSync(join(data, 'log')) ? readFileSync(join(data, 'log'), 'utf8') : child.output()),
    async stop() {
      await child.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function userId(name: string): Promise<number> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((one) => one.startsWith(`${name}:`))
  return Number(line?.split(':')[2])
}

/** What the package of a system sets up, here for a temporary folder. Letters go nowhere. */
const mainFile = (at: { etc: string; queue: string; data: string }, certificate: Certificate): string => `
compatibility_level = 3.6
config_directory = ${at.etc}
queue_directory = ${at.queue}
data_directory = ${at.data}
daemon_directory = ${DAEMONS}
command_directory = /usr/sbin
maillog_file = ${at.data}/log
maillog_file_prefixes = ${at.data}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.contoso.com
mydestination =
default_transport = discard
smtpd_tls_chain_files = ${certificate.keyFile}, ${certificate.certificateFile}
smtpd_tls_security_level = may
`

const services = `
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
`
