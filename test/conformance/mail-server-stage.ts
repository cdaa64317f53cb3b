/**
 * Two mail servers that trust the kit's own issuer: Contoso's, and one that is nothing but the library.
 *
 * It owns the setting, and what the kit is told of it. What must hold is for the kit.
 */
import { X509Certificate } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { type KnownMailServer, type LocalIssuer, startLocalIssuer } from '@postern/conformance'
import { calendarsOnPremises } from '@postern/example-contoso/calendars'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { demoPeople } from '@postern/example-contoso/people'
import {
  createGuard,
  createTokenValidator,
  requireAssurance,
  requireRecentSignIn,
  requireUser,
  TokenError,
} from '@postern/resource-server'
import { authorizationLines, sendRefusal } from '@postern/resource-server/node-http'
import { close, listen } from './listening.ts'

const PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'
const ACTOR = '4d7e2a90-5c13-4f68-b1d9-8e06a3c7f524'
const ACR = 'urn:postern:acr:aal2'
const DAY = { from: '2026-05-05T08:00:00', to: '2026-05-05T18:00:00' }
const QUESTION = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<m:GetUserAvailabilityRequest xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
<m:MailboxDataArray><t:MailboxData><t:Email><t:Address>ann@contoso.com</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData></m:MailboxDataArray>
<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>${DAY.from}</t:StartTime><t:EndTime>${DAY.to}</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions>
</m:GetUserAvailabilityRequest></s:Body></s:Envelope>`

interface Around {
  readonly issuer: LocalIssuer
  readonly clock: () => Date
}

export interface MailServerStage extends AsyncDisposable {
  readonly contoso: KnownMailServer
  readonly library: KnownMailServer
}

const contoso = (base: string, { issuer, clock }: Around): RequestListener => {
  const { otherPartner } = issuer.keys.certificates
  return createMailServer({
    issuer: issuer.issuer,
    audience: `${base}/`,
    baseUrl: base,
    principalId: PRINCIPAL,
    domain: 'contoso.com',
    clock,
    hybrid: {
      certificate: new X509Certificate(otherPartner.der).toString(),
      privateKey: otherPartner.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      neighbour: {
        clientId: ACTOR,
        domain: 'cloud.example',
        baseUrl: issuer.actorBaseUrl,
        resource: `${ACTOR}/cloud.example@${issuer.realm}`,
      },
      people: demoPeople({ onPremises: 'contoso.com', cloud: 'cloud.example' }),
      calendars: calendarsOnPremises('contoso.com'),
    },
  })
}

/** Nothing but the library: three addresses that ask for more and more. */
const library = (base: string, { issuer, clock }: Around): RequestListener => {
  const validator = createTokenValidator({ issuers: [issuer.issuer], audience: `${base}/`, allowInsecureLoopback: true, clock })
  const metadata = `${base}/.well-known/oauth-protected-resource`
  const guard = createGuard({
    validator,
    challenge: { clientId: PRINCIPAL, resourceMetadata: metadata },
    scopes: ['Mail.Read'],
  })
  return async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', base)
    if (pathname === '/.well-known/oauth-protected-resource')
      return response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(
          JSON.stringify({ resource: `${base}/`, authorization_servers: [issuer.issuer], bearer_methods_supported: ['header'] }),
        )
    const judged = await guard.check(authorizationLines(request))
    if (judged.outcome === 'refused') return sendRefusal(response, judged)
    try {
      requireUser(judged.claims)
      if (pathname === '/strong') requireAssurance(judged.claims, ACR)
      if (pathname === '/recent') requireRecentSignIn(judged.claims, 600, clock())
      return response.writeHead(200).end('{}')
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      const challenge = { '/strong': { acrValues: [ACR] }, '/recent': { maxAge: 600 } }[pathname]
      return sendRefusal(response, guard.refuse(error, { challenge }))
    }
  }
}

/** Starts the kit's issuer and both servers. Contoso calls itself `localhost`: so do the names in tokens between servers. */
export async function startMailServers(clock: () => Date): Promise<MailServerStage> {
  const issuer = await startLocalIssuer({ actor: ACTOR })
  const servers = [createServer(), createServer()] as const
  const start = async (server: (typeof servers)[number], listener: typeof contoso): Promise<string> => {
    const base = (await listen(server)).replace('127.0.0.1', 'localhost')
    server.on('request', listener(base, { issuer, clock }))
    return base
  }
  const keySeconds = { newKey: 60, withdrawn: 600 }
  const mail = await start(servers[0], contoso)
  const bare = await start(servers[1], library)
  return {
    contoso: {
      localIssuer: issuer,
      url: `${mail}/api/v1/me/messages`,
      audience: `${mail}/`,
      scope: 'Mail.Read',
      person: 'mary@contoso.com',
      keySeconds,
      actAs: {
        url: `${mail}/EWS/Exchange.asmx`,
        method: 'POST',
        contentType: 'text/xml; charset=utf-8',
        body: QUESTION,
        principal: `${PRINCIPAL}/localhost@${issuer.realm}`,
        actor: ACTOR,
        person: 'mary@contoso.com',
        secondPerson: 'joe@contoso.com',
        administrator: 'admin@contoso.com',
        elsewhere: `${mail}/api/v1/me/sync`,
      },
    },
    library: {
      localIssuer: issuer,
      url: `${bare}/mail`,
      audience: `${bare}/`,
      scope: 'Mail.Read',
      keySeconds,
      demands: {
        assurance: { url: `${bare}/strong`, acr: ACR },
        recentSignIn: { url: `${bare}/recent`, maxAgeSeconds: 600 },
      },
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await close(server)
      await issuer[Symbol.asyncDispose]()
    },
  }
}
