/** A calling server between a token service and a mail server, with a clock that stands still; `await using` ends all of it. */
import { createServerClient, type ServerClientOptions } from '../client/client.ts'
import { caller, callerId, realm, StoppedClock, startMailServer, startTokenService } from './loopback-issuer.ts'

export async function makeCallingScene(options: Partial<ServerClientOptions> = {}) {
  const clock = new StoppedClock()
  const stack = new AsyncDisposableStack()
  const sts = stack.use(await startTokenService(clock))
  const mail = stack.use(await startMailServer())
  const own: ServerClientOptions = {
    clientId: callerId,
    realm,
    certificate: caller.certificate,
    privateKey: caller.privateKey,
    issuers: [{ realm, issuer: sts.issuer }],
    allowInsecureLoopback: true,
    clock: clock.now,
    ...options,
  }
  return { clock, sts, mail, own, client: createServerClient(own), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
