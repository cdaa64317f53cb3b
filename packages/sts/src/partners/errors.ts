/** A certificate or public key that cannot be used. The message is for the administrator or partner who handed it in. */
export class PublicKeyRefused extends Error {
  override readonly name = 'PublicKeyRefused'
  readonly code = 'key_refused'
}

/** Why a partner's metadata document changes nothing here, and what to do. `docs/reference/errors.md` is made from it. */
export const readingRefusals = {
  host_not_allowed: {
    cause: 'The host of the address is not one that the configuration lets this service ask.',
    remedy: 'If it is right, add it to `partnerHosts`, with its port where that is not 443.',
  },
  document_refused: {
    cause: 'What the address answers is no metadata document, is too large, or leads elsewhere.',
    remedy: 'Open the address in a browser; it must answer with the document itself.',
  },
  pin_mismatch: {
    cause: 'The document names another issuer or realm than the one that was read first.',
    remedy: 'Ask the partner, over another way than this document. If it is right, forget the metadata and read it anew.',
  },
  principal_mismatch: {
    cause: 'The document speaks of another principal than this client.',
    remedy: 'Give the address of the document whose serviceName is the id of the client.',
  },
  realm_mismatch: {
    cause: 'The document is of another realm, or of every realm (`*`).',
    remedy: 'Verify the domain for this realm, or have the partner publish a concrete realm.',
  },
  no_certificate: {
    cause: 'The document has no RSA certificate that is good at this moment.',
    remedy: 'Have the partner publish its signing certificate.',
  },
  key_refused: {
    cause: 'A certificate of the document is too weak or cannot be read.',
    remedy: 'Have the partner take a key of 2048 bits or more.',
  },
  certificate_conflict: {
    cause:
      'A certificate of the document belongs to another client already, of this realm or another one. It is left out, and the rest is followed, if any of the others is its own.',
    remedy:
      'Each server needs a certificate of its own; find out whose this one is. If the other client has only published it too, it moves to this one as soon as this server signs an assertion with it.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type ReadingRefusalCode = keyof typeof readingRefusals
