import { ValidationError } from './errors';
import { dnsLabelProblems, hostLabelProblems } from './names';

/** Longest name in its usual text form without the final dot (RFC 1035 2.3.4). */
const MAXIMUM_NAME_LENGTH = 253;

/**
 * A name in the DNS: of a zone, a record or a service. Labels may begin with an underscore (RFC 2782 `_http._tcp`), the
 * first may be `*`. Kept in lower case without the final dot.
 */
export class DnsName {
  /** @throws ValidationError with every rule the name breaks */
  static of(text: string): DnsName {
    return new DnsName(
      canonical('DNS name', text, (label, index) =>
        label === '*' && index > 0
          ? [`is a wildcard, which only the first label can be; move or remove it`]
          : dnsLabelProblems(label),
      ),
    );
  }

  protected constructor(protected readonly text: string) {}

  /** With the final dot, as zone files and the PowerDNS API write it. */
  get absolute(): string {
    return `${this.text}.`;
  }

  get labels(): readonly string[] {
    return this.text.split('.');
  }

  /** The name without its first label; undefined for a name of one label. */
  get parent(): DnsName | undefined {
    const rest = this.labels.slice(1).join('.');
    return rest ? new DnsName(rest) : undefined;
  }

  /** True when it lies inside `zone`, not for the zone's own name. */
  isBelow(zone: DnsName): boolean {
    return this.text.endsWith(`.${zone.text}`);
  }

  /** The name with `label` (or several, as `_http._tcp`) in front. @throws ValidationError when that breaks a rule */
  child(label: string): DnsName {
    return DnsName.of(`${label}.${this.text}`);
  }

  equals(other: DnsName | undefined): boolean {
    return this.text === other?.text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** The full name of a machine: host name and domain, letters, digits and hyphens only (RFC 1123 2.1). */
export class Fqdn extends DnsName {
  /** @throws ValidationError with every rule the name breaks */
  static override of(text: string): Fqdn {
    const name = canonical('host name', text, hostLabelProblems);
    const labels = name.split('.');
    if (labels.length < 2) {
      throw new ValidationError('', `'${text}' has no domain; write for example '${name}.lab.internal'`);
    }
    if (/^\d+$/.test(labels.at(-1) ?? '')) {
      throw new ValidationError(
        '',
        `'${text}' ends in a number and would be read as an address; end it with a domain`,
      );
    }
    return new Fqdn(name);
  }

  /** First label: the name the machine calls itself. */
  get hostname(): string {
    return this.labels[0] ?? '';
  }

  /** The domain: everything behind the host name. */
  get domain(): DnsName {
    return DnsName.of(this.labels.slice(1).join('.'));
  }
}

function canonical(kind: string, text: string, check: (label: string, index: number) => string[]): string {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '')
    throw new ValidationError('', `${kind} '${text}' is empty; write for example 'web-0.lab.internal'`);
  const problems = name
    .split('.')
    .flatMap((label, index) => check(label, index).map((problem) => `label '${label}' ${problem}`));
  const over = name.length - MAXIMUM_NAME_LENGTH;
  if (over > 0)
    problems.push(`it is ${over} over the ${MAXIMUM_NAME_LENGTH} characters of a name; shorten it`);
  if (problems.length > 0)
    throw new ValidationError(
      '',
      problems.map((problem) => `${kind} '${text}': ${problem}`),
    );
  return name.toLowerCase();
}
