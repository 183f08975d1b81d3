import type { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import type { PowerDnsDialect } from '../bindings/powerdns';
import type { CloudlessStack } from '../core/cloudless-stack';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import { hostname } from '../core/names';
import { PowerDnsProvider } from './power-dns-provider';

export interface PowerDnsProps {
  /** Base URL of the server's API, for example `http://127.0.0.1:8081`. The key is taken from `PDNS_API_KEY` at apply. */
  readonly apiUrl: string;
  /**
   * What speaks to the server. To change it for a server that is in use, see docs/provider-powerdns.md.
   * @default PowerDnsProvider.bundled()
   */
  readonly provider?: PowerDnsProvider;
}

/** A PowerDNS authoritative server that exists already. */
export class PowerDns extends Construct {
  readonly apiUrl: string;
  /** @internal how resources of this server are written */
  readonly dialect: PowerDnsDialect;

  constructor(scope: Environment, id: string, props: PowerDnsProps) {
    super(scope, hostname(id));
    let url: URL | undefined;
    try {
      url = new URL(props.apiUrl);
    } catch {
      // reported below
    }
    if (!url || !['http:', 'https:'].includes(url.protocol))
      throw new ValidationError(
        this,
        `'apiUrl' is '${props.apiUrl}'; give a URL such as 'http://127.0.0.1:8081'`,
      );
    if (url.username || url.password)
      throw new ValidationError(
        this,
        "'apiUrl' contains a user or password, which would end up in the plan; give the key in PDNS_API_KEY instead",
      );
    this.apiUrl = props.apiUrl;
    this.dialect = (props.provider ?? PowerDnsProvider.bundled()).dialect;
  }

  /**
   * The Terraform provider that speaks to the server, one for each stack that uses it.
   *
   * @throws ValidationError when another server in the stack is spoken to through another provider
   */
  providerFor(stack: CloudlessStack): TerraformProvider {
    const id = `powerdns-${this.node.id}`;
    const existing = stack.node.tryFindChild(id) as TerraformProvider | undefined;
    if (existing) return existing;
    // Both would be `powerdns` in `required_providers`, where the second replaces the first without a word.
    const inUse = dialectsInUse.get(stack) ?? this.dialect.name;
    if (inUse !== this.dialect.name)
      throw new ValidationError(
        stack,
        `uses PowerDNS servers through two providers, '${inUse}' and '${this.dialect.name}'; use one of them, or give each a stack of its own`,
      );
    dialectsInUse.set(stack, inUse);
    return this.dialect.provider(stack, id, { alias: this.node.id, serverUrl: this.apiUrl });
  }
}

const dialectsInUse = new WeakMap<CloudlessStack, string>();
