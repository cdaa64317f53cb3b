/** What pages know about the realm they stand in. The app puts it into `ctx.state.realm` when it strips the realm's path. */
export interface RealmView {
  readonly id: string
  /** Shown to people. */
  readonly displayName: string
  /** Its primary verified domain, by which people may address it too. */
  readonly domain?: string
  /** Accent colour as `#rrggbb` or `oklch(l c h)`; anything else is ignored for the default. */
  readonly accent?: string
  /** `data:image/…` URL of the logo. */
  readonly logo?: string
  /** Absolute, from configuration and never from the Host header (R37). */
  readonly issuer: string
  /** Path of the issuer, e.g. `/8f1f…`; starts with a slash and ends without one. */
  readonly path: string
}
