import { startChromium } from '../browser/chromium.ts'

const b = await startChromium()
for (const [name, width, height, colorScheme] of [
  ['desktop', 1280, 1000, 'light'],
  ['dark', 1280, 1000, 'dark'],
  ['phone', 390, 844, 'light'],
] as const) {
  const c = await b.newContext({ viewport: { width, height }, colorScheme })
  const p = await c.newPage()
  await p.goto('file://' + (process.argv[2] ?? '/tmp/a6-report.html'))
  console.log(
    name,
    await p.evaluate('document.documentElement.scrollWidth'),
    width,
    await p.evaluate('document.documentElement.scrollHeight'),
  )
  await p.screenshot({ path: `/tmp/a6-${name}.png` })
  await p.evaluate(
    `(()=>{const d=document.querySelector('.module details[open], .module details'); d.open=true; const w=d.querySelector('.wire'); if(w){w.open=true; const e=w.querySelector('li details'); if(e) e.open=true}; (document.querySelector('#failures')??d).scrollIntoView()})()`,
  )
  await p.screenshot({ path: `/tmp/a6-${name}-2.png` })
  await p.evaluate(`(()=>{const d=document.querySelector('.module details[open]'); d.scrollIntoView()})()`)
  await p.screenshot({ path: `/tmp/a6-${name}-3.png` })
  await c.close()
}
await b.close()
