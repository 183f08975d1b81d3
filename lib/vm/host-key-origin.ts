/** Where a machine's SSH host key comes from. */
export enum HostKeyOrigin {
  /**
   * Derived from the site key: known before the machine exists, and the same after it was replaced. A secret, which makes
   * the machine's whole configuration one.
   */
  SITE_KEY = 'site-key',
  /** Made by the machine at its first boot. Nobody can tell the machine from an impostor by it. */
  GUEST = 'guest',
}
