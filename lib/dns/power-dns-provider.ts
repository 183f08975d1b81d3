import type { PowerDnsDialect } from '../bindings/powerdns';
import { bundledPowerDns } from '../bindings/powerdns-bundled';
import { registryPowerDns } from '../bindings/powerdns-registry';
import { ValidationError } from '../core/errors';

export interface RegistryProviderOptions {
  /** The version, or a constraint as Terraform reads it: `2.4.0`, `~> 2.4`. */
  readonly version: string;
}

/** The Terraform provider that speaks to a PowerDNS server. The constructs are the same for all. */
export class PowerDnsProvider {
  /** `cloudless/powerdns`, which comes with this package and is put beside the Terraform JSON at synth. */
  static bundled(): PowerDnsProvider {
    return new PowerDnsProvider(bundledPowerDns);
  }

  /**
   * A provider from a registry that has the resources of `mmianl/powerdns` 2.x: `powerdns_zone`, `powerdns_record` and
   * `powerdns_record_soa`. Only what it has in common with the bundled one is emitted.
   *
   * @param source its address, for example `mmianl/powerdns`, or with a host `registry.example.net/dns/powerdns`
   * @throws ValidationError when the address or the version is none
   */
  static registry(source: string, options: RegistryProviderOptions): PowerDnsProvider {
    const problems: string[] = [];
    if (!SOURCE.test(source))
      problems.push(
        `'${source}' is no address of a provider; write '<namespace>/<type>', for example 'mmianl/powerdns'`,
      );
    if (!CONSTRAINT.test(options.version))
      problems.push(
        `'${options.version}' is no version of provider '${source}'; write for example '2.4.0' or '~> 2.4'`,
      );
    if (problems.length) throw new ValidationError('', problems);
    return new PowerDnsProvider(registryPowerDns(source, options.version));
  }

  private constructor(
    /** @internal how resources are written for it */
    readonly dialect: PowerDnsDialect,
  ) {}
}

// Terraform: "Provider Requirements" (source addresses) and "Version Constraints".
const SOURCE = /^(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9][a-z0-9_-]*\/[a-z0-9][a-z0-9_-]*$/i;
const VERSION = String.raw`(?:=|!=|>=?|<=?|~>)?\s*\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?`;
const CONSTRAINT = new RegExp(String.raw`^${VERSION}(?:\s*,\s*${VERSION})*$`);
