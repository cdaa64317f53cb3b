/**
 * The system programs that `pnpm test:servers` runs: where each is looked for, and which package of Debian brings it. Pure;
 * scripts/test-servers.ts looks, installs and runs.
 *
 * Packages of other systems have other names, so there the list says what to look for and no more.
 */

export interface ServerProgram {
  /** What a person calls it. */
  readonly name: string
  /** Any of these files means that it is there. `{arch}` stands for a folder such as `x86_64-linux-gnu`. */
  readonly files: readonly string[]
  readonly debianPackage: string
}

const inSbin = (name: string): readonly string[] => [`/usr/sbin/${name}`, `/usr/local/sbin/${name}`]
const ofDovecot = (name: string): readonly string[] => [`/usr/lib/dovecot/${name}`, `/usr/libexec/dovecot/${name}`]

export const SERVER_PROGRAMS: readonly ServerProgram[] = [
  { name: 'Dovecot', files: inSbin('dovecot'), debianPackage: 'dovecot-core' },
  { name: 'IMAP of Dovecot', files: ofDovecot('imap-login'), debianPackage: 'dovecot-imapd' },
  { name: 'POP of Dovecot', files: ofDovecot('pop3-login'), debianPackage: 'dovecot-pop3d' },
  { name: 'submission of Dovecot', files: ofDovecot('submission-login'), debianPackage: 'dovecot-submissiond' },
  { name: 'Lua in Dovecot', files: ofDovecot('modules/auth/libauthdb_lua.so'), debianPackage: 'dovecot-auth-lua' },
  {
    name: 'JSON for Lua',
    files: ['/usr/lib/{arch}/lua/5.4/cjson.so', '/usr/lib64/lua/5.4/cjson.so'],
    debianPackage: 'lua-cjson',
  },
  { name: 'nginx', files: inSbin('nginx'), debianPackage: 'nginx-light' },
  {
    name: 'mail proxy of nginx',
    files: ['/usr/lib/nginx/modules/ngx_mail_module.so', '/usr/lib64/nginx/modules/ngx_mail_module.so'],
    debianPackage: 'libnginx-mod-mail',
  },
  { name: 'Postfix', files: inSbin('postfix'), debianPackage: 'postfix' },
  { name: 'Thunderbird', files: ['/usr/lib/thunderbird/thunderbird'], debianPackage: 'thunderbird' },
]

/** Those of which no file is there. */
export function missingPrograms(
  looked: Readonly<{ exists: (file: string) => boolean; architectures: readonly string[] }>,
): readonly ServerProgram[] {
  const places = (file: string) =>
    file.includes('{arch}') ? looked.architectures.map((architecture) => file.replace('{arch}', architecture)) : [file]
  return SERVER_PROGRAMS.filter(({ files }) => !files.flatMap(places).some(looked.exists))
}

/** The arguments of `apt-get` that bring them. */
export const aptArguments = (missing: readonly ServerProgram[]): readonly string[] => [
  'install',
  '-y',
  '--no-install-recommends',
  ...new Set(missing.map(({ debianPackage }) => debianPackage)),
]

/** What is missing and how to get it, for a person; empty where nothing is missing. */
export function describeMissing(missing: readonly ServerProgram[]): string {
  if (missing.length === 0) return ''
  return [
    'Missing here:',
    ...missing.map(({ name, files, debianPackage }) => `  ${name} (package ${debianPackage}; looked for ${files.join(', ')})`),
    'On Debian, as root:  pnpm test:servers --install',
    `or by hand:          apt-get update && apt-get ${aptArguments(missing).join(' ')}`,
    '',
  ].join('\n')
}
