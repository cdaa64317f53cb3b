import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError } from './errors.ts'
import { type ConfigSource, parseConfig, relaxationsOf } from './parse.ts'
import { settings } from './settings.ts'

const base = { POSTERN_BASE_URL: 'https://login.contoso.com' }

const parse = (variables: ConfigSource['variables'], files: Record<string, string> = {}, overrides?: Record<string, unknown>) =>
  parseConfig({
    variables,
    readFile: (path) => files[path],
    directory: '/srv',
    ...(overrides === undefined ? {} : { overrides }),
  })

function problemsOf(variables: ConfigSource['variables'], files: Record<string, string> = {}) {
  try {
    parse(variables, files)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new TypeError('The configuration was accepted')
}

describe('parseConfig', () => {
  test('needs nothing but a base URL in production', () => {
    expect(parse(base)).toEqual({
      development: false,
      baseUrl: 'https://login.contoso.com',
      host: '127.0.0.1',
      port: 8080,
      database: { kind: 'pglite', directory: '/srv/.postern/database' },
      dataDirectory: '/srv/.postern',
      masterKey: { kind: 'file', path: '/srv/.postern/master.key' },
      trustedProxies: [],
      partnerHosts: [],
      logLevel: 'info',
      workers: 1,
      delivery: { senders: [] },
      formsPerMinute: 300,
      demoMailPort: 8090,
      demoCloudPort: 8091,
    })
  })

  test('freezes what it returns', () => {
    const config = parse(base)
    expect(Object.isFrozen(config) && Object.isFrozen(config.database) && Object.isFrozen(config.trustedProxies)).toBe(true)
  })

  test('reports every problem at once, with the place and an example', () => {
    const error = problemsOf(
      { POSTERN_PORT: 'eighty', POSTERN_LOG_LEVEL: 'loud', POSTERN_TRUSTED_PROXIES: '10.0.0.0/33', POSTERN_PROT: '8080' },
      { '/srv/postern.yaml': 'opsPort: 0\ncolour: blue\n' },
    )
    expect(error.code).toBe('configuration_invalid')
    const places = error.problems.map((one) => one.where)
    for (const place of [
      'POSTERN_PORT',
      'POSTERN_LOG_LEVEL',
      'POSTERN_TRUSTED_PROXIES',
      'POSTERN_PROT',
      'opsPort in postern.yaml',
      'colour in postern.yaml',
      'POSTERN_BASE_URL',
    ]) {
      expect(places).toContain(place)
    }
    expect(error.problems).toHaveLength(7)
    expect(error.problems.find((one) => one.where === 'POSTERN_PORT')?.example).toBe('8080')
  })

  test('lets a variable win over the file, and the command line over both', () => {
    const files = { '/srv/postern.yaml': 'port: 1111\nlogLevel: debug\nhost: 10.1.1.1\n' }
    const config = parse({ ...base, POSTERN_PORT: '2222', POSTERN_LOG_LEVEL: 'warn' }, files, { logLevel: 'error' })
    expect([config.port, config.logLevel, config.host]).toEqual([2222, 'error', '10.1.1.1'])
  })

  test('refuses an http base URL outside development and accepts it there', () => {
    expect(problemsOf({ POSTERN_BASE_URL: 'http://login.contoso.com' }).message).toContain('https://')
    expect(parse({ POSTERN_BASE_URL: 'http://localhost:8080/', POSTERN_DEVELOPMENT: '1' }).baseUrl).toBe('http://localhost:8080')
  })

  test.each([
    'https://a.example/path',
    'https://a.example/?q',
    'https://a.example/#f',
    'https://u:p@a.example',
    'ftp://a.example',
    'a.example',
  ])('refuses %s as a base URL', (url) => {
    expect(problemsOf({ POSTERN_BASE_URL: url }).problems.map((one) => one.where)).toEqual(['POSTERN_BASE_URL'])
  })

  test('takes DATABASE_URL, prefers POSTERN_DATABASE_URL, and reads the _FILE variant', () => {
    const url = (variables: Record<string, string>, files = {}) => {
      const { database } = parse({ ...base, ...variables }, files)
      return database.kind === 'postgres' ? database.url.reveal() : 'pglite'
    }
    expect(url({ DATABASE_URL: 'postgres://one' })).toBe('postgres://one')
    expect(url({ DATABASE_URL: 'postgres://one', POSTERN_DATABASE_URL: 'postgres://two' })).toBe('postgres://two')
    expect(url({ POSTERN_DATABASE_URL_FILE: 'db' }, { '/srv/db': 'postgres://three\n' })).toBe('postgres://three')
  })

  test('never prints a secret, neither in a problem nor from the configuration', () => {
    const error = problemsOf({
      ...base,
      POSTERN_DATABASE_URL: 'mysql://postern:hunter2@db',
      POSTERN_MASTER_KEY: 'k3y',
      POSTERN_MASTER_KEY_FILE: 'x',
    })
    expect(`${error.message}${error.stack}${inspect(error, { depth: 9 })}`).not.toMatch(/hunter2|k3y/)
    const config = parse({ ...base, POSTERN_DATABASE_URL: 'postgres://postern:hunter2@db', POSTERN_MASTER_KEY: 'k3y' })
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toMatch(/hunter2|k3y/)
  })

  test('does not show the text around a mistake in the file', () => {
    const error = problemsOf(base, { '/srv/postern.yaml': 'databaseUrl: "postgres://hunter2\nport: : :' })
    expect(error.problems[0]?.wrong).toContain('not YAML')
    expect(error.message).not.toContain('hunter2')
  })

  test('refuses a secret that is given twice', () => {
    expect(problemsOf({ ...base, POSTERN_DATABASE_URL: 'postgres://a', POSTERN_DATABASE_URL_FILE: 'f' }).message).toContain(
      'keep one',
    )
  })

  test('refuses several workers with the embedded database', () => {
    expect(problemsOf({ ...base, POSTERN_WORKERS: '2' }).message).toContain('embedded')
    expect(parse({ ...base, POSTERN_WORKERS: '2', DATABASE_URL: 'postgres://a' }).workers).toBe(2)
  })

  test('refuses the port of the service as the port of operations', () => {
    expect(problemsOf({ ...base, POSTERN_OPS_PORT: '8080' }).message).toContain('POSTERN_OPS_PORT')
  })

  test('names a configuration file that is not there, and is silent about a default one that is not there', () => {
    expect(problemsOf({ ...base, POSTERN_CONFIG: 'other.yaml' }).message).toContain('other.yaml')
    expect(parse(base).port).toBe(8080)
  })

  test('leaves the variables of the demo and of tests alone', () => {
    expect(parse({ ...base, POSTERN_TEST_POSTGRES: 'x', POSTERN_DEMO_FILE: 'y', POSTERN_PORT: '' }).port).toBe(8080)
  })

  test('reads the hosts of partners from a variable or the file, in the spelling of URLs', () => {
    const hosts = (list: string) => parse({ ...base, POSTERN_PARTNER_HOSTS: list }).partnerHosts
    expect(hosts('Mail.Contoso.com, cloud.contoso.com:8443')).toEqual(['mail.contoso.com', 'cloud.contoso.com:8443'])
    expect(hosts('mail.contoso.com:443, mail.contoso.com, 10.1.2.3, [2001:db8::1]:444')).toEqual([
      'mail.contoso.com',
      '10.1.2.3',
      '[2001:db8::1]:444',
    ])
    const files = { '/srv/postern.yaml': 'partnerHosts:\n  - localhost:8090\n' }
    expect(parse(base, files).partnerHosts).toEqual(['localhost:8090'])
  })

  test.each([
    '*.contoso.com',
    '*',
    'https://mail.contoso.com',
    'mail.contoso.com/metadata',
    'user@mail.contoso.com',
    'mail.contoso.com:99999',
    'mail contoso',
    '0x7f.1',
    'mäil.contoso.com',
    'mail.contoso.com?x',
  ])('refuses %s as a host of a partner', (host) => {
    expect(problemsOf({ ...base, POSTERN_PARTNER_HOSTS: host }).problems.map((one) => one.where)).toEqual([
      'POSTERN_PARTNER_HOSTS',
    ])
  })

  test('tells what development relaxes, and nothing in production', () => {
    expect(relaxationsOf(parse({ POSTERN_DEVELOPMENT: 'yes' })).length).toBeGreaterThan(1)
    expect(relaxationsOf(parse(base))).toEqual([])
  })
})

test('each setting has a variable and a key of its own', () => {
  const all = Object.values(settings)
  expect(new Set(all.map((one) => one.key)).size).toBe(all.length)
  expect(new Set(all.map((one) => one.variable)).size).toBe(all.length)
})
