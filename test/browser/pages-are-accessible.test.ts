import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { renderGallery } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, startChromium } from './chromium.ts'
import { serveGallery } from './gallery.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

describe('every page in every state', () => {
  let browser: Browser
  let gallery: Awaited<ReturnType<typeof serveGallery>>
  beforeAll(async () => {
    gallery = await serveGallery()
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser.close()
    gallery.close()
  })

  /** Opens each exhibit in one look and collects what is wrong there. */
  async function inspect(look: { width: number; scheme: 'light' | 'dark' }): Promise<readonly string[]> {
    const context = await browser.newContext({ viewport: { width: look.width, height: 800 }, colorScheme: look.scheme })
    const page = await context.newPage()
    const wrong: string[] = []
    let here = ''
    page.on('console', (message) => {
      if (message.type() === 'error') wrong.push(`${here}: ${message.text()}`)
    })
    for (const { name } of gallery.exhibits) {
      here = name
      await page.goto(gallery.address(name))
      // Given over the debugging protocol: the page's own policy would, rightly, refuse a script of ours.
      await page.evaluate(axe)
      const findings = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly Finding[] // axe-core's Result
      wrong.push(...findings.map(({ id, nodes }) => `${name}: ${id} at ${nodes[0]?.html}`))
      if (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) wrong.push(`${name}: wider than the screen`)
    }
    await context.close()
    return wrong
  }

  // Side by side, as most of the time goes by waiting for the browser.
  test.concurrent.each([
    { width: 320, scheme: 'light' },
    { width: 320, scheme: 'dark' },
    { width: 390, scheme: 'light' },
    { width: 768, scheme: 'dark' },
    { width: 1440, scheme: 'light' },
    { width: 1440, scheme: 'dark' },
  ] as const)('has no axe finding, no refused resource and no overflow at $width px, $scheme', async (look) => {
    expect(await inspect(look)).toEqual([])
  })
})

describe.each(['de', 'fr'] as const)('in %s', (language) => {
  test('every page fits on 320 px, and so does a realm with a long name and a colour of its own', async () => {
    const realm = { displayName: 'Donaudampfschifffahrtsgesellschaftskapitänsbund Niederösterreich e. V.', accent: '#f5d90a' }
    const gallery = await serveGallery(renderGallery({ language, realm }))
    const browser = await startChromium()
    const page = await browser.newPage({ viewport: { width: 320, height: 640 } })
    const wide: string[] = []
    for (const { name } of gallery.exhibits) {
      await page.goto(gallery.address(name))
      if (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) wide.push(name)
    }
    await browser.close()
    gallery.close()
    expect(wide).toEqual([])
  })
})
