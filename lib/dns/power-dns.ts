import type { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { powerdnsProvider } from '../bindings/powerdns';
import type { CloudlessStack } from '../core/cloudless-stack';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import { hostname } from '../core/names';

export interface PowerDnsProps {
  /** Base URL of the server's API, for example `http://127.0.0.1:8081`. The key is taken from `PDNS_API_KEY` at apply. */
  readonly apiUrl: string;
}

/** A PowerDNS authoritative server that exists already. */
export class PowerDns extends Construct {
  readonly apiUrl: string;

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
  }

  /** The Terraform provider that speaks to the server, one for each stack that uses it. */
  providerFor(stack: CloudlessStack): TerraformProvider {
    const id = `powerdns-${this.node.id}`;
    const existing = stack.node.tryFindChild(id) as TerraformProvider | undefined;
    return existing ?? powerdnsProvider(stack, id, { alias: this.node.id, serverUrl: this.apiUrl });
  }
}
