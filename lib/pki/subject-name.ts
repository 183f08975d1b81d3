import { ValidationError } from '../core/errors';
import { DnsName } from '../core/fqdn';
import type { IpAddress } from '../core/ip-address';

/** A name or address that a certificate is valid for (subject alternative name, RFC 5280 4.2.1.6). */
export class SubjectName {
  /** @throws ValidationError for a wildcard: it would stand for every machine of a domain */
  static dns(name: DnsName | string): SubjectName {
    const text = (typeof name === 'string' ? DnsName.of(name) : name).toString();
    if (text.includes('*'))
      throw new ValidationError(
        '',
        `certificate name '${text}' is a wildcard, which stands for every machine there; name the machine`,
      );
    return new SubjectName('dns', text);
  }

  static address(address: IpAddress): SubjectName {
    return new SubjectName('ip', address.toString());
  }

  private constructor(
    readonly kind: 'dns' | 'ip',
    private readonly text: string,
  ) {}

  toString(): string {
    return this.text;
  }
}
