import { describe, expect, test } from 'vitest'
import { createDoveadm, type Fetch, readAnswer } from './doveadm.ts'

describe('what doveadm says', () => {
  test.each([
    ['names of those who were put out (2.3)', [['doveadmResponse', [{ result: 'a' }, { result: 'b' }], 'kick']], 2],
    ['a number of connections (2.4)', [['doveadmResponse', [{ count: '3' }], 'kick']], 3],
    ['that none was there (2.4)', [['doveadmResponse', [{ count: '0' }], 'kick']], 0],
    ['that nobody was there (2.3)', [['error', { type: 'exitCode', exitCode: 68 }, 'kick']], 0],
  ])('is %s', (_what, answer, count) => {
    expect(readAnswer(JSON.stringify(answer))).toEqual({ outcome: 'kicked', count, refused: 0 })
  })

  test('is that the name is none, which another try would not change', () => {
    const said = [['error', { type: 'exitCode', exitCode: 64 }, 'kick']]
    expect(readAnswer(JSON.stringify(said))).toEqual({ outcome: 'kicked', count: 0, refused: 1 })
  })

  test.each([
    ['[["error",{"type":"exitCode","exitCode":75},"kick"]]', 'exitCode 75'],
    ['[["error",{"type":"unknownMethod"},"kick"]]', 'unknownMethod'],
    ['[]', 'an answer that is none of doveadm'],
    ['<html>', 'an answer that is none of doveadm'],
    ['{"doveadmResponse":[]}', 'an answer that is none of doveadm'],
  ])('may be %s: then it is tried again', (text, because) => {
    expect(readAnswer(text)).toEqual({ outcome: 'failed', because })
  })
})

test.each([
  'http://127.0.0.1:8080',
  'http://127.0.0.1:8080/',
  'http://127.0.0.1:8080/doveadm/v1',
  'http://127.0.0.1:8080/doveadm/v1/',
])('the address %s leads to the one place where doveadm answers, and shows the key there', async (url) => {
  const requests: [string, RequestInit][] = []
  const fetch: Fetch = async (address, init) => {
    requests.push([address.href, init])
    return new Response('[["doveadmResponse",[{"result":"m"}],"kick"]]')
  }
  const kicked = await createDoveadm({ fetch }).kick({ url, key: 'a key' }, ['mary@contoso.com'])
  expect(kicked).toEqual({ outcome: 'kicked', count: 1, refused: 0 })
  const [[address, init] = ['', {}]] = requests
  expect(address).toBe('http://127.0.0.1:8080/doveadm/v1')
  expect(init).toMatchObject({ method: 'POST', redirect: 'error', body: '[["kick",{"mask":["mary@contoso.com"]},"kick"]]' })
  expect(init.headers).toMatchObject({ Authorization: 'X-Dovecot-API YSBrZXk=' })
})
