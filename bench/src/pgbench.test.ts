import { expect, test } from 'vitest'
import { parsePgbench } from './pgbench.ts'

const said = `pgbench (15.18)
number of transactions actually processed: 1074
number of failed transactions: 0 (0.000%)
latency average = 29.8 ms
tps = 15000.123456 (without initial connection time)
`

test('rate and count are read off what pgbench says', () => {
  expect(parsePgbench(said)).toEqual({ rate: 15000.123456, transactions: 1074 })
})

test('a run in which anything failed has no rate', () => {
  expect(parsePgbench(said.replace('transactions: 0', 'transactions: 2'))).toBeUndefined()
  expect(parsePgbench('connection refused')).toBeUndefined()
})
