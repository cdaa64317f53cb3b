/** At 320 px a word that is too long breaks where its language allows it, with a hyphen, or not at all. */
import { renderGallery } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, startChromium } from './chromium.ts'
import { serveGallery } from './gallery.ts'

let browser: Browser
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())

/** Runs in the page: words of our texts whose letters stand on two lines without a soft hyphen in between. Addresses may break anywhere. */
const brokenWords = `(() => {
  const found = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const letter = document.createRange()
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.parentElement.closest('.address, code')) continue
    for (const word of text.data.matchAll(/[\\p{L}\\u00ad]{4,}/gu)) {
      // A word on one line has one box: most are done here.
      letter.setStart(text, word.index)
      letter.setEnd(text, word.index + word[0].length)
      if (letter.getClientRects().length < 2) continue
      let line
      for (let at = word.index; at < word.index + word[0].length; at += 1) {
        if (text.data[at] === '\\u00ad') continue
        letter.setStart(text, at)
        letter.setEnd(text, at + 1)
        // Of a letter behind a hyphen the first box is the hyphen's.
        const box = [...letter.getClientRects()].filter(({ width }) => width > 0).at(-1)
        if (box === undefined) continue
        const { top } = box
        if (line !== undefined && top > line + 4 && text.data[at - 1] !== '\\u00ad') found.push(word[0])
        line = top
      }
    }
  }
  return found
})()`

it.each(['de', 'fr'] as const)('no word of a page in %s', { timeout: 120_000 }, async (language) => {
  const gallery = await serveGallery(renderGallery({ language }))
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true })
  try {
    const page = await context.newPage()
    const broken: string[] = []
    for (const { name } of gallery.exhibits) {
      await page.goto(gallery.address(name))
      await page.evaluate('document.fonts.ready')
      for (const word of (await page.evaluate(brokenWords)) as string[]) broken.push(`${name}: ${word}`)
    }
    expect(gallery.exhibits.length).toBeGreaterThan(50)
    expect(broken).toEqual([])
  } finally {
    await context.close()
    gallery.close()
  }
})
