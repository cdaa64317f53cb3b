/** The workers of mailgate alone, for tests that need a store and true edges but no service around them. */
export { createAudit } from '../audit/audit.ts'
export { createDovecotConnections, type DovecotConnections } from '../mailgate/dovecot-connections.ts'
export { createOwnerTelling, type OwnerTelling } from '../mailgate/told-owners.ts'
