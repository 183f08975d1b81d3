import type { IConstruct } from 'constructs';
import { ValidationError } from './errors';

/** Kinds of things of which a site has one each; the text is the word used in messages. */
export enum ClaimKind {
  VM_NAME = 'virtual machine name',
  FQDN = 'name',
  ADDRESS = 'address',
  MAC_ADDRESS = 'MAC address',
  BRIDGE = 'bridge',
  NETWORK_NAME = 'network',
  STORAGE_POOL = 'storage pool',
  VOLUME = 'volume',
  RRSET = 'RRset',
  ZONE = 'zone',
  SCRAPE_TARGET = 'scrape target',
  FILE = 'file',
}

interface Claim {
  readonly owner: IConstruct;
  readonly detail?: string;
}

const REGISTRY = Symbol.for('cloudless/Claims');

/**
 * Registry of what is taken, one for the whole app: two constructs that claim one thing, in whichever
 * stack or environment, are an error at synth that names both.
 */
export class Claims {
  /** The registry of the app that `scope` is in. */
  static of(scope: IConstruct): Claims {
    const root = scope.node.root as IConstruct & { [REGISTRY]?: Claims };
    return (root[REGISTRY] ??= new Claims());
  }

  private readonly taken = new Map<string, Claim>();

  private constructor() {
    // only through Claims.of
  }

  /**
   * Claims one thing for `owner`.
   *
   * @param scope what the value is unique in, for example a hypervisor's name; `''` for the whole app
   * @param hint what to do about a conflict; part of the message
   * @throws ValidationError when another construct has it already
   */
  claim(owner: IConstruct, kind: ClaimKind, value: string, scope = '', hint = 'choose another one'): void {
    const key = `${kind}\n${scope}\n${value}`;
    const other = this.taken.get(key);
    if (other && other.owner !== owner) {
      const where = scope ? ` (${scope})` : '';
      throw new ValidationError(
        owner,
        `${kind} '${value}' is already taken by ${other.owner.node.path}${where}; ${hint}`,
      );
    }
    this.taken.set(key, { owner });
  }

  /** Who claimed it, if anybody did. */
  ownerOf(kind: ClaimKind, value: string, scope = ''): IConstruct | undefined {
    return this.taken.get(`${kind}\n${scope}\n${value}`)?.owner;
  }
}
