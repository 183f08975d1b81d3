import type { App } from 'cdktf';
import { Construct } from 'constructs';
import { resolve } from 'node:path';
import { ClaimKind, Claims } from './claims';
import type { Duration } from './duration';
import { ValidationError } from './errors';
import type { Fqdn } from './fqdn';
import { LockFile } from './lock-file';
import { DEFAULT_TOMBSTONES, LockChanges } from './lock-options';
import { hostname } from './names';
import { SiteKey } from './site-key';

export interface EnvironmentProps {
  /** DNS domain that the machines of the environment are named in, for example `Fqdn.of('lab.internal')`. */
  readonly domain: Fqdn;
  /** Path of the lock file: addresses, MACs, releases of images and data disks. Commit it. It is made when it does not exist. */
  readonly lockFile: string;
  /**
   * Path of the site key: 32 random bytes that every SSH host key is derived from. Never commit it; keep a
   * copy in a safe place. It is made when it does not exist and the lock file knows of no machine.
   */
  readonly siteKeyFile: string;
  /**
   * What happens when the lock file has to change.
   * @default - refused in a pipeline (CI=true), written elsewhere
   */
  readonly lockChanges?: LockChanges;
  /**
   * How long the address of a removed machine is kept from others. Its own name gets it back at any time.
   * @default Duration.days(30)
   */
  readonly tombstones?: Duration;
}

/**
 * One site, or one stage of it: the machines that share a domain, a lock file and a site key.
 *
 * @throws ValidationError when the lock file contradicts itself, or the site key is missing or another one
 * than the recorded machines were made with
 */
export class Environment extends Construct {
  readonly domain: Fqdn;
  readonly lock: LockFile;
  readonly siteKey: SiteKey;

  constructor(scope: App, id: string, props: EnvironmentProps) {
    super(scope, hostname(id));
    this.domain = props.domain;
    Claims.of(this).claim(
      this,
      ClaimKind.LOCK_FILE,
      resolve(props.lockFile),
      '',
      'give each environment its own file',
    );
    this.lock = LockFile.read(props.lockFile, id, {
      changes: props.lockChanges ?? (process.env.CI === 'true' ? LockChanges.REFUSE : LockChanges.WRITE),
      tombstones: props.tombstones ?? DEFAULT_TOMBSTONES,
    });
    this.siteKey = this.openSiteKey(props.siteKeyFile);
    this.lock.recordSiteKey(this.siteKey.fingerprint);
    // The app's own validations run when every stack has been written, so the lock never knows more than Terraform does;
    // that of the claims, made above, comes before this one.
    scope.node.addValidation({
      validate: () => {
        this.lock.save({ complete: true });
        return [];
      },
    });
  }

  /** Name of the environment; stacks are named `<environment>-<stack>`. */
  get environmentName(): string {
    return this.node.id;
  }

  private openSiteKey(path: string): SiteKey {
    const recorded = this.lock.siteKey;
    const machines = this.lock.members;
    if (!SiteKey.exists(path)) {
      if (recorded !== undefined && machines.length > 0)
        throw new ValidationError(this, [
          `the site key ${path} is missing, and ${this.lock.name} records ${machines.length} machine(s) (${machines.slice(0, 3).join(', ')}${machines.length > 3 ? ', …' : ''}) whose SSH host keys are derived from the key ${recorded}; ` +
            `restore it from your copy, or remove "siteKey" from ${this.lock.name} to give every machine a new host key`,
        ]);
      return SiteKey.create(path);
    }
    const key = SiteKey.fromFile(path);
    if (recorded !== undefined && recorded !== key.fingerprint)
      throw new ValidationError(
        this,
        `the site key ${path} is ${key.fingerprint}, but the machines in ${this.lock.name} were made with ${recorded}; ` +
          `restore that key, or remove "siteKey" from ${this.lock.name} to give every machine a new host key`,
      );
    return key;
  }
}
