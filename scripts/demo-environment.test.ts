import { expect, test } from 'vitest'
import { demoEnvironment } from './demo-environment.ts'

test('the demo inherits no setting of a real installation, and says which ones it left out', () => {
  const { inherited, ignored } = demoEnvironment({
    PATH: '/bin',
    HOME: '/home/mary',
    DATABASE_URL: 'postgres://secret@db/postern',
    DATABASE_URL_FILE: '/etc/url',
    POSTERN_DATABASE_URL: 'postgres://secret@db/postern',
    POSTERN_BASE_URL: 'https://login.example',
    POSTERN_CONFIG: '/etc/postern.yaml',
    POSTERN_DATA_DIR: '/var/lib/postern',
    POSTERN_MASTER_KEY_FILE: '/etc/key',
    postern_master_key: 'as Windows may spell it',
    POSTERN_PORT: '9080',
    POSTERN_DEMO_MAIL_PORT: '9090',
    POSTERN_DEMO_CLOUD_PORT: '9091',
    POSTERN_LOG_LEVEL: '',
  })
  expect(inherited).toEqual({ PATH: '/bin', HOME: '/home/mary' })
  expect(ignored).toEqual([
    'DATABASE_URL',
    'DATABASE_URL_FILE',
    'POSTERN_BASE_URL',
    'POSTERN_CONFIG',
    'POSTERN_DATABASE_URL',
    'POSTERN_DATA_DIR',
    'POSTERN_MASTER_KEY_FILE',
    'postern_master_key',
  ])
})
