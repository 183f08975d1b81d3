import { createHash, createPublicKey } from 'node:crypto';
import { ValidationError } from '../lib/core/errors';
import type { Fqdn } from '../lib/core/fqdn';
import type { SiteKey } from '../lib/core/site-key';
import { SecretContent } from '../lib/guest/file-content';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { renderYaml } from '../lib/guest/yaml';
import type { AptSource } from './apt-source';
import { derivedRsaKey, type RsaKeyPair } from './private/derived-rsa-key';

export interface SaltMinionProps {
  /** Names or addresses of the masters. */
  readonly masters: readonly string[];
  /** The master's public key, text of its `master.pub`: the minion obeys no other. */
  readonly masterPublicKey: string;
  /** The environment's, `environment.siteKey`; the minions' keys follow from it. */
  readonly siteKey: SiteKey;
  /** Where the package comes from; Debian 12 has none. @default - the image, or Debian's own repositories */
  readonly source?: AptSource;
  /** Grains, which the master may tell machines apart by. @default - none */
  readonly grains?: Readonly<Record<string, string | number | boolean>>;
  /** Further settings of the minion (`man salt-minion`), over ours. @default - none */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const PKI = '/etc/salt/pki/minion';

/**
 * A Salt minion whose key the master knows before the machine exists, and that knows the master's: nobody accepts a key by
 * hand, and nobody can pretend to be either.
 */
export class SaltMinion implements GuestModule {
  /**
   * The key of a machine's minion. Its public half belongs on the master, as `/etc/salt/pki/master/minions/<full name>`.
   * Takes a moment to compute: primes are searched.
   */
  static keyOf(siteKey: SiteKey, machine: Fqdn): RsaKeyPair {
    const cacheKey = `${siteKey.fingerprint} ${machine.toString()}`;
    const known = KEYS.get(cacheKey);
    if (known) return known;
    const key = derivedRsaKey(siteKey.derive('salt-minion', machine.toString()));
    KEYS.set(cacheKey, key);
    return key;
  }

  readonly moduleName = 'salt-minion';
  private readonly masterPublicKey: string;

  /** @throws ValidationError without master, and for a key that is no RSA public key */
  constructor(private readonly props: SaltMinionProps) {
    const problems: string[] = [];
    if (props.masters.length === 0) problems.push(`'masters' is empty; name at least one`);
    for (const master of props.masters)
      if (!/^[A-Za-z0-9.:-]+$/.test(master))
        problems.push(`'${master}' is no name or address; write for example 'salt.example.org'`);
    this.masterPublicKey = publicKey(props.masterPublicKey, problems);
    for (const key of ['id', 'master', 'master_finger', 'pki_dir'])
      if (key in (props.settings ?? {}))
        problems.push(`'${key}' in 'settings' is set by the module; remove it`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { masters, siteKey, source, grains, settings } = this.props;
    const { privateKey, publicKey: ownPublicKey } = SaltMinion.keyOf(siteKey, guest.fqdn);
    source?.addTo(guest);
    guest.addPackages('salt-minion');
    guest.addDirectory({ path: PKI, mode: '0700' });
    guest.addFile({ path: `${PKI}/minion.pem`, content: SecretContent.of(privateKey), mode: '0400' });
    guest.addFile({ path: `${PKI}/minion.pub`, content: ownPublicKey });
    // With several masters each has a file of its own, but they share the key.
    guest.addFile({ path: `${PKI}/minion_master.pub`, content: this.masterPublicKey });
    guest.addFile({
      path: '/etc/salt/minion.d/cloudless.conf',
      content: renderYaml({
        master: masters.length === 1 ? masters[0] : [...masters],
        ...(masters.length > 1 ? { master_type: 'failover', master_alive_interval: 30 } : {}),
        id: guest.fqdn.toString(),
        hash_type: 'sha256',
        master_finger: saltFingerprint(this.masterPublicKey),
        ...(grains ? { grains: { ...grains } } : {}),
        ...settings,
      }),
    });
    guest.addUnit({
      name: 'salt-minion.service',
      dropIns: [
        {
          name: '10-cloudless.conf',
          content:
            '[Unit]\nWants=network-online.target\nAfter=network-online.target\n[Service]\nRestartSec=10\n',
        },
      ],
    });
  }
}

/** Computing one takes a second or so. */
const KEYS = new Map<string, RsaKeyPair>();

/** The key as OpenSSL writes it, so that the machines of a site differ by nothing but their own keys. */
function publicKey(text: string, problems: string[]): string {
  try {
    if (text.includes('PRIVATE KEY')) throw new Error('private');
    const key = createPublicKey(text);
    if (key.asymmetricKeyType !== 'rsa') throw new Error('not RSA');
    return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    problems.push(
      `'masterPublicKey' is no RSA public key in PEM; give the text of the master's /etc/salt/pki/master/master.pub`,
    );
    return '';
  }
}

/** As `salt-key -F` shows it: SHA-256 of the lines between the first and the last one. */
function saltFingerprint(pem: string): string {
  const body = pem.trim().split('\n').slice(1, -1).join('');
  return (createHash('sha256').update(body).digest('hex').match(/../g) ?? []).join(':');
}
