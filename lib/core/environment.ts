import type { App } from 'cdktf';
import { Construct } from 'constructs';
import { ValidationError } from './errors';
import type { Fqdn } from './fqdn';
import { LockFile } from './lock-file';
import { hostname } from './names';
import { SiteKey } from './site-key';

export interface EnvironmentProps {
  /** DNS domain that the machines of the environment are named in, for example `Fqdn.of('lab.internal')`. */
  readonly domain: Fqdn;
  /** Path of the lock file: addresses, MACs and data disks. Commit it. It is made when it does not exist. */
  readonly lockFile: string;
  /**
   * Path of the site key: 32 random bytes that every SSH host key is derived from. Never commit it; keep a
   * copy in a safe place. It is made when it does not exist and the lock file knows of no machine.
   */
  readonly siteKeyFile: string;
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
    this.lock = LockFile.read(props.lockFile, id);
    this.siteKey = this.openSiteKey(props.siteKeyFile);
    this.lock.recordSiteKey(this.siteKey.fingerprint);
    // The app's own validations run when every stack has been written, so the lock never knows more than Terraform does.
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
