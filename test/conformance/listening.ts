/** Servers of tests on a free port of loopback. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Its address, without a slash at the end. */
export const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP listener has an address with a port
}

export const close = async (server: Server): Promise<void> => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
