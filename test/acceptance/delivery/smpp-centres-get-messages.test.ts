import { describe, expect, test } from 'vitest'
import { canary, centre, delivery, gateway, kannelSender, message, smppSender } from './parts.ts'

const long = (piece: string, length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

describe('a message over SMPP', () => {
  test('reaches the centre with the addresses, the alphabet and the end of its life that it needs', async () => {
    const smsc = await centre()
    const { messages, log } = delivery([smppSender(smsc)])
    expect(await messages.send(message())).toEqual({ outcome: 'accepted', sender: 'centre' })
    expect(smsc.messages).toMatchObject([
      {
        from: 'Contoso',
        fromTon: 5,
        fromNpi: 0,
        to: '4915112345678',
        text: 'Your code is 482915.',
        dataCoding: 0,
        esmClass: 0,
        wantsReceipt: true,
      },
    ])
    expect(log()).toContain('"reference":"m-1"')
  })

  test.each([
    ['+4930123456', 1, 1, '4930123456'],
    ['82828', 3, 1, '82828'],
  ])('comes from %s with its type of number', async (source, fromTon, fromNpi, from) => {
    const smsc = await centre()
    await delivery([smppSender(smsc, { source })]).messages.send(message())
    expect(smsc.messages).toMatchObject([{ from, fromTon, fromNpi }])
  })

  test.each([
    ['GSM letters of German', 'Ihr Code für Größe ist 482915 {€}', 0],
    ['French letters that GSM lacks', 'Votre code de contrôle, reçu à l’hôtel : 482915', 8],
    ['an emoji', 'Code 🔐 482915', 8],
    ['Greek small letters', 'κωδικός 482915', 8],
  ])('carries %s unharmed', async (_, text, dataCoding) => {
    const smsc = await centre()
    await delivery([smppSender(smsc)]).messages.send(message({ text }))
    expect(smsc.messages).toMatchObject([{ text, dataCoding }])
  })

  test.each([
    ['GSM', long('Postern grüßt. ', 400), 3],
    ['GSM where an escape would be cut', `${long('a', 152)}€${long('b', 100)}`, 2],
    ['UCS-2', long('Ça coûte 10 ₽. ', 150), 3],
    ['UCS-2 where a pair would be cut', `${long('ł', 66)}🔐${long('ż', 60)}`, 2],
  ])('that is long goes in parts and is whole again: %s', async (_, text, parts) => {
    const smsc = await centre()
    const { messages } = delivery([smppSender(smsc)])
    expect(await messages.send(message({ text }))).toMatchObject({ outcome: 'accepted' })
    expect(smsc.messages.map((one) => [one.esmClass, one.part?.of])).toEqual(Array(parts).fill([0x40, parts]))
    expect(smsc.texts()).toEqual([text])
  })

  test('that is long goes whole where the centre wants it so', async () => {
    const smsc = await centre()
    const text = long('Postern grüßt. ', 400)
    await delivery([smppSender(smsc, { longText: 'payload' })]).messages.send(message({ text }))
    expect(smsc.messages).toMatchObject([{ text, inPayload: true, esmClass: 0 }])
  })

  test('is tried again by itself when the centre is busy for a moment', async () => {
    const smsc = await centre()
    smsc.behave('throttle', 1)
    expect(await delivery([smppSender(smsc)]).messages.send(message())).toMatchObject({ outcome: 'accepted' })
    expect([smsc.submitted, smsc.messages.length]).toEqual([2, 1])
  })

  test('that lost a part on the way is not sent again', async () => {
    const [smsc, web] = [await centre(), await gateway()]
    const { messages } = delivery([smppSender(smsc), kannelSender(web)])
    smsc.behave('accept')
    const sending = messages.send(message({ text: long('Postern ', 400) }))
    await smsc.heard('message', 1)
    smsc.behave('refuse')
    expect(await sending).toEqual({ outcome: 'unknown', sender: 'centre' })
    expect(web.requests).toEqual([])
  })

  test('goes out once when it is sent twice', async () => {
    const smsc = await centre()
    const { messages } = delivery([smppSender(smsc)])
    const same = message({ id: 'the-same' })
    const both = await Promise.all([messages.send(same), messages.send(same)])
    expect([...both, await messages.send(same)]).toEqual(Array(3).fill({ outcome: 'accepted', sender: 'centre' }))
    expect(smsc.submitted).toBe(1)
  })

  test('goes out for fifty people at once through a window of ten', async () => {
    const smsc = await centre()
    const { messages } = delivery([smppSender(smsc)])
    const all = await Promise.all(Array.from({ length: 50 }, () => messages.send(message())))
    expect(new Set(all.map((one) => one.outcome))).toEqual(new Set(['accepted']))
    expect(smsc.messages).toHaveLength(50)
    expect(smsc.binds).toBe(1)
  })
})

describe('the link to a centre', () => {
  test('comes back by itself after the centre was away', async () => {
    const smsc = await centre()
    const { messages } = delivery([smppSender(smsc)])
    await smsc.heard('bind', 1)
    await smsc.goDown()
    expect(await messages.send(message())).toEqual({ outcome: 'undeliverable', because: 'unreachable' })
    await smsc.comeBack()
    await smsc.heard('bind', 2)
    expect(await messages.send(message())).toEqual({ outcome: 'accepted', sender: 'centre' })
  })

  test('is given up and made anew when the line is dead without being closed', async () => {
    const smsc = await centre()
    delivery([smppSender(smsc, { enquireSeconds: 0.05 })])
    await smsc.heard('bind', 1)
    smsc.ignoreEnquiries(true)
    await smsc.heard('bind', 2)
    expect(smsc.binds).toBeGreaterThan(1)
  })

  test('does not try a refused password again for every person', async () => {
    const smsc = await centre({ password: 'another' })
    const { messages } = delivery([smppSender(smsc)])
    await smsc.heard('bind', 1)
    for (const _ of [1, 2, 3])
      expect(await messages.send(message())).toEqual({ outcome: 'undeliverable', because: 'unreachable' })
    expect(smsc.binds).toBeLessThan(3)
  })

  test('is unbound at the end', async () => {
    const smsc = await centre()
    const { close, messages } = delivery([smppSender(smsc)])
    await messages.send(message())
    await close()
    await smsc.heard('unbind', 1)
    expect(smsc.unbinds).toBe(1)
  })
})

describe('a delivery receipt', () => {
  test.each(['tlv', 'text'] as const)('by %s is answered, counted and logged without number and text', async (by) => {
    const smsc = await centre()
    const { messages, log } = delivery([smppSender(smsc)])
    await messages.send(message())
    smsc.sendReceipt('m-1', { state: by === 'tlv' ? 'DELIVRD' : 'UNDELIV', by })
    await smsc.heard('receipt', 1)
    expect(log()).toContain(`"reference":"m-1","state":"${by === 'tlv' ? 'delivered' : 'undeliverable'}"`)
    expect(log()).not.toContain(canary.to.slice(1))
    expect(log()).not.toContain(canary.code)
  })
})
