import { expect, test } from 'vitest'
import { agoInWords } from './moment.ts'

const now = new Date('2026-03-02T09:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)

test.each([
  [-30, 'now', 'jetzt', 'maintenant'],
  [0, 'now', 'jetzt', 'maintenant'],
  [59, 'now', 'jetzt', 'maintenant'],
  [60, '1 minute ago', 'vor 1 Minute', 'il y a 1 minute'],
  [89 * 60, '89 minutes ago', 'vor 89 Minuten', 'il y a 89 minutes'],
  [2 * 3600, '2 hours ago', 'vor 2 Stunden', 'il y a 2 heures'],
  [30 * 3600, 'yesterday', 'gestern', 'hier'],
  [9 * 86_400, '9 days ago', 'vor 9 Tagen', 'il y a 9 jours'],
  [20 * 86_400, '10 February 2026', '10. Februar 2026', '10 février 2026'],
])('%d seconds ago is told in words', (seconds, en, de, fr) => {
  expect([agoInWords('en', ago(seconds), now), agoInWords('de', ago(seconds), now), agoInWords('fr', ago(seconds), now)]).toEqual(
    [en, de, fr],
  )
})
