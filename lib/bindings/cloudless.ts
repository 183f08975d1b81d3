import { TerraformProvider } from 'cdktf';
import type { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import { escapeTemplate } from './escape';
import { PlainResource, type PlainResourceConfig } from './plain-resource';

// `cloudless/cloudless`, by hand: the resources come with every machine, and there are few attributes. A test holds what is
// emitted against the schema.

const SOURCE = 'registry.terraform.io/cloudless/cloudless';
const VERSION = '0.1.0';

/** A way to ask a machine; see docs/provider-cloudless.md. Exactly one of them. Times as Terraform spells them, `90s`. */
export interface ProbeConfig {
  readonly tcp?: { readonly host: string; readonly port: number };
  readonly ssh?: {
    readonly host: string;
    /** @default 22 */
    readonly port?: number;
    /** Public key line: `ssh-ed25519 AAAA…`. */
    readonly hostKey: string;
    readonly user?: string;
    readonly identityFile?: string;
    /** Command on the machine; needs `user`. */
    readonly command?: string;
  };
  readonly http?: {
    readonly url: string;
    /** @default [200] */
    readonly status?: readonly number[];
    /** Regular expression. */
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly caCertificate?: string;
  };
  readonly command?: {
    readonly command: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    /** @default 0 */
    readonly exitCode?: number;
  };
}

/** What is done before a machine goes. */
export interface DrainConfig {
  readonly command?: readonly string[];
  readonly http?: {
    readonly url: string;
    /** @default 'POST' */
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly status?: readonly number[];
  };
  readonly powerOff?: { readonly domain: string; readonly uri?: string; readonly timeout?: string };
  readonly timeout?: string;
  /** @default 'continue' */
  readonly onFailure?: 'continue' | 'fail';
}

export interface OnlineConfig extends Pick<PlainResourceConfig, 'dependsOn'> {
  /** Name of the machine, for messages. */
  readonly name: string;
  readonly probes: Readonly<Record<string, ProbeConfig>>;
  readonly successes?: number;
  readonly interval?: string;
  readonly attemptTimeout?: string;
  readonly timeout?: string;
  /** Expressions of what the machine is made of. */
  readonly triggers?: Readonly<Record<string, string>>;
  readonly consoleLog?: string;
  readonly consoleCommand?: readonly string[];
  readonly consoleLines?: number;
  readonly drain?: DrainConfig;
}

export interface RolloutConfig {
  readonly members: Readonly<
    Record<
      string,
      {
        /** Names and digests; expressions are possible. No secrets. */
        readonly payload: Readonly<Record<string, string>>;
        readonly probes?: Readonly<Record<string, ProbeConfig>>;
      }
    >
  >;
  readonly batchSize?: number;
  /** Percent. */
  readonly batchShare?: number;
  readonly maxUnavailable?: number;
  readonly canary?: number;
  readonly order?: readonly string[];
  readonly pause?: string;
  readonly attempts?: number;
  readonly attemptTimeout?: string;
}

/** Waits until a machine is really there; what depends on it waits too. */
export function cloudlessOnline(scope: Construct, id: string, config: OnlineConfig): PlainResource {
  const { dependsOn, triggers, ...rest } = config;
  return resource(scope, id, 'cloudless_online', { dependsOn }, () => ({ ...plain(rest), triggers }));
}

/** Decides which members are replaced in an apply. */
export class CloudlessRollout {
  private readonly rollout: PlainResource;

  constructor(scope: Construct, id: string, { members, ...rest }: RolloutConfig) {
    this.rollout = resource(scope, id, 'cloudless_rollout', {}, () => ({
      ...plain(rest),
      members: Object.fromEntries(
        Object.entries(members).map(([name, { payload, probes }]) => [
          name,
          { payload, ...plain({ probes }) },
        ]),
      ),
    }));
  }

  /** Expression for one part of what a member is to have now. */
  assigned(member: string, part: string): string {
    return `\${${this.rollout.address}.assigned[${JSON.stringify(member)}][${JSON.stringify(part)}]}`;
  }

  /** Expression for the number of members that are not on their target after the apply. */
  get pending(): string {
    return `\${${this.rollout.address}.pending}`;
  }
}

function resource(
  scope: Construct,
  id: string,
  type: string,
  config: Pick<PlainResourceConfig, 'dependsOn'>,
  attributes: () => Record<string, unknown>,
): PlainResource {
  ensureProvider(scope);
  return new PlainResource(scope, id, { type, providerName: 'cloudless', ...config }, attributes);
}

/** One for each stack; without alias, so that resources find it by their type. */
function ensureProvider(scope: Construct): void {
  const stack = CloudlessStack.of(scope);
  if (!stack.node.tryFindChild('cloudless')) new CloudlessProvider(stack, 'cloudless');
}

/** Has nothing to configure. */
class CloudlessProvider extends TerraformProvider {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      terraformResourceType: 'cloudless',
      terraformGeneratorMetadata: {
        providerName: 'cloudless',
        providerVersion: VERSION,
        providerVersionConstraint: VERSION,
      },
      terraformProviderSource: SOURCE,
    });
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return {};
  }
}

/** Keys of users' own are no names of attributes. */
const MAPS = ['probes', 'headers', 'environment'];

/** As Terraform has it: names with underscores, texts that mean themselves. */
function plain(config: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]: [string, unknown]) => [
        underscored(name),
        MAPS.includes(name) ? mapped(value) : inner(value),
      ]),
  );
}

function mapped(value: unknown): unknown {
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, inner(each)]));
}

function inner(value: unknown): unknown {
  if (typeof value === 'string') return escapeTemplate(value);
  if (Array.isArray(value)) return value.map(inner);
  return typeof value === 'object' && value !== null ? plain(value) : value;
}

function underscored(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
