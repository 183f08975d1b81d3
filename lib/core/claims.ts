import type { IConstruct } from 'constructs';
import type { Cidr } from './cidr';
import { ValidationError } from './errors';
import { captureLine, userLine } from './user-line';

/** Kinds of things of which a site has one each; the text is the word used in messages. */
export enum ClaimKind {
  VM_NAME = 'virtual machine name',
  FQDN = 'name',
  ADDRESS = 'address',
  ADDRESS_RANGE = 'address range',
  MAC_ADDRESS = 'MAC address',
  LOCK_FILE = 'lock file',
  /** A bridge of a host; shares its names with the host's other interfaces. */
  BRIDGE = 'bridge',
  /** A tap or other network interface of a host. */
  INTERFACE = 'interface',
  NETWORK_NAME = 'network',
  VLAN_ID = 'VLAN id',
  VLAN_NAME = 'VLAN',
  /** Identifier of a VXLAN segment (VNI). */
  VXLAN_ID = 'VXLAN id',
  STORAGE_POOL = 'storage pool',
  VOLUME = 'volume',
  PORT = 'port',
  RRSET = 'RRset',
  ZONE = 'zone',
  SCRAPE_TARGET = 'scrape target',
  FILE = 'file',
}

interface Claim {
  readonly owner: IConstruct;
  readonly kind: ClaimKind;
}

interface Conflict extends Claim {
  readonly value: string;
  readonly scope: string;
  readonly hint: string;
  readonly other: Claim & { readonly value: string };
}

interface RangeClaim {
  readonly owner: IConstruct;
  readonly cidr: Cidr;
}

/** A stack that does what it is told before the app is written (`CloudlessStack`, which this file must not import). */
interface Preparable {
  prepareOnce(key: string, action: () => void): void;
}

const REGISTRY = Symbol.for('cloudless/Claims');

/**
 * Registry of what is taken, one for the whole app: two constructs that claim one thing, in whichever
 * stack or environment, are an error at synth, before anything is written. It names both, and where in the user's
 * code they come from, and lists all conflicts of the app at once.
 */
export class Claims {
  /** The registry of the app that `scope` is in. */
  static of(scope: IConstruct): Claims {
    const root = scope.node.root as IConstruct & { [REGISTRY]?: Claims };
    return (root[REGISTRY] ??= new Claims(root));
  }

  private readonly taken = new Map<string, Claim>();
  private readonly ranges = new Map<string, RangeClaim[]>();
  /** Where each owner was made; a capture is only turned into text when there is a conflict to tell. */
  private readonly origins = new Map<IConstruct, Error>();
  /** Where all comes from that is made at this moment, if that is known. */
  private line?: Error;
  private readonly found: Conflict[] = [];

  private constructor(private readonly root: IConstruct) {
    root.node.addValidation({
      validate: () => {
        this.assertNoConflicts();
        return [];
      },
    });
  }

  /**
   * Claims one thing for `owner`. That somebody else has it already is reported by {@link assertNoConflicts}.
   *
   * @param scope what the value is unique in, for example a hypervisor's name; `''` for the whole app
   * @param hint what to do about a conflict; part of the message
   */
  claim(owner: IConstruct, kind: ClaimKind, value: string, scope = '', hint = 'choose another one'): void {
    this.remember(owner);
    const key = keyOf(kind, value, scope);
    const other = this.taken.get(key);
    if (other === undefined) this.taken.set(key, { owner, kind });
    else if (other.owner !== owner)
      this.report({ owner, kind, value, scope, hint, other: { ...other, value } });
  }

  /**
   * Claims all addresses of a network for `owner`: no other range may overlap with it.
   *
   * @param routingDomain networks that can reach one another, for example a hypervisor's name for NAT networks, or the
   * name of a site's backbone
   */
  claimRange(
    owner: IConstruct,
    cidr: Cidr,
    routingDomain: string,
    hint = 'choose a range that is free',
  ): void {
    this.remember(owner);
    const others = this.ranges.get(routingDomain) ?? [];
    const kind = ClaimKind.ADDRESS_RANGE;
    for (const other of others)
      if (other.owner !== owner && other.cidr.overlaps(cidr))
        this.report({
          owner,
          kind,
          value: `${cidr}`,
          scope: routingDomain,
          hint,
          other: { owner: other.owner, kind, value: `${other.cidr}` },
        });
    others.push({ owner, cidr });
    this.ranges.set(routingDomain, others);
  }

  /** Who claimed it, if anybody did. */
  ownerOf(kind: ClaimKind, value: string, scope = ''): IConstruct | undefined {
    return this.taken.get(keyOf(kind, value, scope))?.owner;
  }

  /** Every conflict as one message: what is wrong and what to do, a line each, then where both sides are made. */
  get conflicts(): string[] {
    const pairs = new Map<string, Conflict[]>();
    for (const conflict of this.found) {
      const pair = `${conflict.owner.node.path}\n${conflict.other.owner.node.path}`;
      pairs.set(pair, [...(pairs.get(pair) ?? []), conflict]);
    }
    return [...pairs.values()].map((conflicts) =>
      [...conflicts.map(describe), ...this.places(conflicts)].join('\n'),
    );
  }

  /** @throws ValidationError that lists every conflict. Called before the app is written, and again before the lock file is. */
  assertNoConflicts(): void {
    if (this.found.length > 0) throw new ValidationError('', this.conflicts);
  }

  /**
   * Does something that makes many constructs, all of which come from the line that `maker` comes from: to find out where
   * each comes from takes as long as to hash it.
   */
  making<T>(maker: IConstruct, action: () => T): T {
    this.remember(maker);
    const outer = this.line;
    this.line = this.origins.get(maker);
    try {
      return action();
    } finally {
      this.line = outer;
    }
  }

  private remember(owner: IConstruct): void {
    if (!this.origins.has(owner)) this.origins.set(owner, this.line ?? captureLine());
  }

  private report(conflict: Conflict): void {
    this.found.push(conflict);
    for (const child of this.root.node.children)
      if (isPreparable(child))
        child.prepareOnce('claims', () => {
          this.assertNoConflicts();
        });
  }

  private places([conflict]: readonly Conflict[]): string[] {
    if (!conflict) return [];
    const places = [conflict.other.owner, conflict.owner].flatMap((owner) => {
      const origin = this.origins.get(owner);
      const line = origin && userLine(origin);
      return line === undefined ? [] : [`${owner.node.path} comes from ${line}`];
    });
    return places.length > 0 ? [`  ${places.join(', ')}`] : [];
  }
}

function describe({ owner, kind, value, scope, hint, other }: Conflict): string {
  const where = scope ? ` (${scope})` : '';
  const sentence =
    kind === ClaimKind.ADDRESS_RANGE && other.value !== value
      ? `overlaps with ${other.value} of ${other.owner.node.path}`
      : `is already taken by ${other.owner.node.path}${other.kind === kind ? '' : ` as a ${other.kind}`}`;
  return `${owner.node.path}: ${kind} '${value}' ${sentence}${where}; ${hint}`;
}

/** A host's bridges and other interfaces share one space of names. */
function keyOf(kind: ClaimKind, value: string, scope: string): string {
  return `${kind === ClaimKind.BRIDGE ? ClaimKind.INTERFACE : kind}\n${scope}\n${value}`;
}

function isPreparable(construct: IConstruct): construct is IConstruct & Preparable {
  return 'prepareOnce' in construct && typeof construct.prepareOnce === 'function';
}
