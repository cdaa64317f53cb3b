/**
 * client is the front door `./client`: what a server needs that calls other servers, and the line of one that is called to its issuer.
 *
 * It owns nothing but the list of what may be used. The calling side: server-client.ts. The line to the issuer: issuer-connection.ts.
 * @module
 */
export { ServerClientError, type ServerClientErrorCode, serverClientErrorCodes } from './errors.ts'
export type { ExchangePurpose, ServerExchange } from './exchange.ts'
export { createIssuerConnection, type IssuerConnection, type IssuerConnectionOptions } from './issuer-connection.ts'
export { createServerClient, type ServerClient, type ServerClientOptions } from './server-client.ts'
