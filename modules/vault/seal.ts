import { ValidationError } from '../../lib/core/errors';
import type { SecretContent } from '../../lib/guest/file-content';
import type { ConfigObject } from '../hashistack/merge-config';

/** Which program keeps the secrets. */
export enum VaultProduct {
  /** HashiCorp Vault, BUSL-1.1. */
  VAULT = 'vault',
  /** OpenBao, MPL-2.0. */
  OPENBAO = 'openbao',
}

export interface TransitSealProps {
  /** API of another Vault, which must not be part of this cluster: `https://…`. */
  readonly address: string;
  /** Key of its transit engine. */
  readonly keyName: string;
  /** Path of its transit engine. @default 'transit' */
  readonly mountPath?: string;
  /** May encrypt and decrypt with the key; long-lived and periodic. */
  readonly token: SecretContent;
  /** PEM of the authority that its certificate is from. @default - those that the machine trusts */
  readonly caCertificate?: string;
}

export interface StaticSealProps {
  /** Names the key; another one for another key. */
  readonly keyId: string;
  /** 32 bytes. @default - follows from the site key */
  readonly key?: SecretContent;
}

/** What opens the store after a start. Without it nobody reads it, not even its own program. */
export class VaultSeal {
  /**
   * People give the shares of a key, at every start of every server. A machine that reboots by itself stays closed until they
   * do.
   */
  static shamir(): VaultSeal {
    return new VaultSeal('shamir');
  }

  /** Another Vault opens it. @throws ValidationError for an address without TLS */
  static transit(props: TransitSealProps): VaultSeal {
    if (!/^https:\/\/[^/@\s]+\/?$/.test(props.address))
      throw new ValidationError(
        '',
        `transit seal has the address '${props.address}'; give for example 'https://vault.example.org:8200'`,
      );
    return new VaultSeal('transit', props);
  }

  /** A key on the machine opens it: safe against a stolen data disk, not against who reads the machine. OpenBao only. */
  static static(props: StaticSealProps): VaultSeal {
    return new VaultSeal('static', undefined, props);
  }

  private constructor(
    readonly kind: 'shamir' | 'transit' | 'static',
    readonly transitProps?: TransitSealProps,
    readonly staticProps?: StaticSealProps,
  ) {}

  /** What is wrong with it for a cluster. */
  problems(product: VaultProduct, peers: readonly string[]): string[] {
    if (this.kind === 'static' && product === VaultProduct.VAULT)
      return [`Vault has no seal 'static'; use VaultProduct.OPENBAO, or VaultSeal.transit(…)`];
    const host = this.transitProps && new URL(this.transitProps.address).hostname;
    return host !== undefined && peers.includes(host)
      ? [
          `the transit seal asks ${host}, a server of the same cluster, which cannot open itself; use another Vault`,
        ]
      : [];
  }

  /**
   * The `seal` block, without secrets: a transit token comes in the environment, a static key in a file.
   *
   * @param files where the static key and the authority's certificate are put
   */
  config(files: { readonly key: string; readonly ca: string }): ConfigObject | undefined {
    const { transitProps: transit, staticProps } = this;
    if (transit)
      return {
        transit: {
          address: transit.address,
          key_name: transit.keyName,
          mount_path: `${(transit.mountPath ?? 'transit').replace(/\/$/, '')}/`,
          ...(transit.caCertificate !== undefined && { tls_ca_cert: files.ca }),
        },
      };
    if (staticProps)
      return { static: { current_key_id: staticProps.keyId, current_key: `file://${files.key}` } };
    return undefined;
  }
}
