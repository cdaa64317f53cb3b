/**
 * dovecot runs the Dovecot of the system, with the files of examples/dovecot, from a temporary folder and on free ports of
 * loopback. As root the mail belongs to `nobody`; as anybody else everything runs as that user.
 *
 * It owns where Dovecot keeps things and where it listens. Who may sign in is what the example files say.
 * @module
 */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/sts-process.ts'
import { fill, startChild, waitForPorts } from './child.ts'

const EXAMPLES = fileURLToPath(new URL('../../../examples/dovecot/', import.meta.url))
const isRoot = process.getuid?.() === 0

export interface DovecotParts {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** PEM file of whoever vouches for the issuer's address. */
  readonly authorityFile: string
  /** `local`: Dovecot checks tokens itself, with the keys in {@link Dovecot.keys}. */
  readonly tokens: 'introspection' | 'local'
  /** Postern is asked once more when a secret was right (auth_policy). */
  readonly policy?: boolean
  /** Takes whoever nginx let in, and asks nobody. */
  readonly behindNginx?: boolean
  /** Where submission hands letters on to. */
  readonly relayPort?: number
}

export interface Dovecot {
  readonly imap: number
  readonly pop: number
  readonly submission: number
  readonly doveadm: { readonly url: string; readonly key: string }
  /** Socket by which Postfix asks who signs in. */
  readonly saslSocket: string
  /** Folder for the keys of Postern. */
  readonly keys: string
  log(): string
  /** Reads its configuration anew, and forgets what its processes remember. */
  reload(): Promise<void>
  stop(): Promise<void>
}

export async function startDovecot(parts: DovecotParts): Promise<Dovecot> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-dovecot-'))
  await chmod(folder, 0o755)
  const [imap, pop, submission, http] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const at = { folder, etc: join(folder, 'etc'), keys: join(folder, 'etc/postern-keys'), mail: join(folder, 'mail') }
  for (const path of [at.etc, at.keys, at.mail]) await mkdir(path)
  if (isRoot) await chown(at.mail, 65_534, 65_534)
  const key = 'a-key-of-this-test'
  await writeExamples(parts, at, { http, key })
  await writeFile(join(at.etc, 'dovecot.conf'), mainFile(parts, at, { imap, pop, submission }))

  const child = startChild('dovecot', ['-F', '-c', join(at.etc, 'dovecot.conf')])
  try {
    await waitForPorts(child, [imap, pop, submission, http])
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    imap,
    pop,
    submission,
    doveadm: { url: `http://127.0.0.1:${http}/doveadm/v1`, key },
    saslSocket: join(folder, 'run/auth-postfix'),
    keys: at.keys,
    log: child.output,
    async reload() {
      const reloads = () => child.output().split('SIGHUP received').length
      const before = reloads()
      child.signal('SIGHUP')
      while (reloads() === before && child.isRunning()) await wait(20)
    },
    async stop() {
      await child.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Places {
  readonly folder: string
  readonly etc: string
  readonly mail: string
}

/** The files that the guide shows, with the names of this test in the place of those of the guide. */
async function writeExamples(parts: DovecotParts, at: Places, doveadm: { http: number; key: string }): Promise<void> {
  const { issuer, clientId, clientSecret, authorityFile } = parts
  const put = async (name: string, values: Readonly<Record<string, string>>, mode = 0o644, as = name) => {
    const text = await readFile(join(EXAMPLES, name), 'utf8')
    await writeFile(join(at.etc, as), fill(text, values), { mode })
  }
  const home = { '/etc/dovecot/': `${at.etc}/` }
  const realm = { 'https://login.contoso.com/REALM': issuer }
  const authority = { '/etc/ssl/certs/ca-certificates.crt': authorityFile }
  const plain = new URL(issuer)
  await put('postern.conf', { ...home, ...authority })
  await put('postern.lua', home)
  await put('postern-gate.json', { ...realm, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret })
  if (isRoot) await chmod(join(at.etc, 'postern-gate.json'), 0o640)
  if (parts.tokens === 'local')
    await put('dovecot-oauth2-local.conf.ext', { ...home, ...realm }, 0o600, 'dovecot-oauth2.conf.ext')
  else
    await put(
      'dovecot-oauth2.conf.ext',
      {
        'CLIENT_ID:CLIENT_SECRET@login.contoso.com/REALM': `${clientId}:${clientSecret}@${plain.host}${plain.pathname}`,
        ...realm,
        ...authority,
      },
      0o600,
    )
  if (parts.policy === true)
    await put('postern-policy.conf', { ...realm, BASE64: Buffer.from(`${clientId}:${clientSecret}`).toString('base64') })
  if (parts.behindNginx === true)
    await writeFile(
      join(at.etc, 'behind-nginx.conf'),
      await readFile(join(EXAMPLES, '../nginx/dovecot-behind-nginx.conf'), 'utf8'),
    )
  await put('postern-connections.conf', { DOVEADM_KEY: doveadm.key, 'port = 8083': `port = ${doveadm.http}` })
  await put('postern-postfix.conf', {
    '/var/spool/postfix/private/auth': `${at.folder}/run/auth-postfix`,
    ...(isRoot ? {} : { 'user = postfix': '', 'group = postfix': '' }),
  })
}

/** What the package of a system sets up, here for a temporary folder. */
function mainFile(
  { policy, relayPort, behindNginx }: DovecotParts,
  { folder, etc, mail }: Places,
  ports: { imap: number; pop: number; submission: number },
): string {
  const user = userInfo().username
  const own = isRoot
    ? 'default_internal_user = dovecot\ndefault_login_user = dovenull'
    : `default_internal_user = ${user}\ndefault_login_user = ${user}\ndefault_internal_group = ${userInfo().gid}`
  const owner = isRoot ? 'uid=nobody gid=nogroup' : `uid=${userInfo().uid} gid=${userInfo().gid}`
  const listener = (service: string, plain: string, port: number, encrypted?: string) =>
    [
      `service ${service} {`,
      ...(isRoot ? [] : ['  chroot =']),
      `  inet_listener ${plain} {`,
      `    port = ${port}`,
      '  }',
      ...(encrypted === undefined ? [] : [`  inet_listener ${encrypted} {`, '    port = 0', '  }']),
      '}',
    ].join('\n')
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
auth_verbose = yes
protocols = imap pop3 submission
listen = 127.0.0.1
hostname = mail.contoso.com
ssl = no
${own}
first_valid_uid = 1
mail_location = maildir:~/Maildir
# Nobody reads the figures, and the socket would be the system's.
stats_writer_socket_path =
# A test waits for nothing after a wrong password.
auth_failure_delay = 0
submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort ?? 9}
userdb {
  driver = static
  args = ${owner} home=${mail}/%Lu
}
${listener('imap-login', 'imap', ports.imap, 'imaps')}
${listener('pop3-login', 'pop3', ports.pop, 'pop3s')}
${listener('submission-login', 'submission', ports.submission)}
service anvil {
  ${isRoot ? '' : 'chroot ='}
  # Keeps whoever fails often waiting longer and longer: here all fail from one address.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
!include ${etc}/${behindNginx === true ? 'behind-nginx.conf' : 'postern.conf'}
!include ${etc}/postern-connections.conf
!include ${etc}/postern-postfix.conf
${policy === true ? `!include ${etc}/postern-policy.conf` : ''}
`
}
