import { DnsName, Fqdn } from '../../lib/core/fqdn';

const long = (length: number): string => 'a'.repeat(length);

describe('Fqdn', () => {
  test('is kept in lower case without the final dot', () => {
    const name = Fqdn.of('Web-0.Lab.Internal.');
    expect(`${name}`).toBe('web-0.lab.internal');
    expect(name.absolute).toBe('web-0.lab.internal.');
    expect(name.hostname).toBe('web-0');
    expect(`${name.domain}`).toBe('lab.internal');
    expect(name.equals(Fqdn.of('web-0.lab.internal'))).toBe(true);
  });

  test.each([
    [
      'web_0.lab.internal',
      "label 'web_0' has an underscore, host names allow letters, digits and hyphens; use '-' instead",
    ],
    ['-web.lab.internal', "label '-web' begins with a hyphen"],
    ['web-.lab.internal', "label 'web-' ends with a hyphen"],
    ['web..internal', "label '' is empty; remove the extra dot"],
    ['.lab.internal', "label '' is empty"],
    [`${long(70)}.lab.internal`, 'is 7 over the 63 characters of a label'],
    [
      `${Array.from({ length: 5 }, () => long(60)).join('.')}.internal`,
      'it is 60 over the 253 characters of a name',
    ],
    ['web 0.lab.internal', "has the character ' '"],
    ['wéb.lab.internal', "has the character 'é'"],
    ['web-0', "'web-0' has no domain; write for example 'web-0.lab.internal'"],
    ['10.20.0.7', 'ends in a number and would be read as an address'],
    ['', 'is empty'],
    ['.', 'is empty'],
    ['*.lab.internal', "has the character '*'"],
    ['_http._tcp.lab.internal', 'has an underscore'],
  ])('refuses %p', (text, message) => {
    expect(() => Fqdn.of(text)).toThrow(message);
  });

  test('tells every problem at once', () => {
    expect(() => Fqdn.of('-a_b.internal')).toThrow(/underscore[^]*begins with a hyphen/);
  });

  test('accepts the longest label and the longest name', () => {
    const name = [long(63), long(63), long(63), long(61)].join('.');
    expect(name).toHaveLength(253);
    expect(`${Fqdn.of(name)}`).toBe(name);
    expect(() => Fqdn.of(`${name}a`)).toThrow('it is 1 over');
  });

  test('lies below its domains but not below itself or a name that only ends alike', () => {
    const name = Fqdn.of('web-0.lab.internal');
    expect(name.isBelow(Fqdn.of('lab.internal'))).toBe(true);
    expect(name.isBelow(DnsName.of('internal'))).toBe(true);
    expect(name.isBelow(name)).toBe(false);
    expect(Fqdn.of('web-0.mylab.internal').isBelow(Fqdn.of('lab.internal'))).toBe(false);
  });
});

describe('DnsName', () => {
  test.each(['_http._tcp.lab.internal', '*.lab.internal', '0.20.10.in-addr.arpa', 'internal'])(
    'accepts %s',
    (text) => {
      expect(`${DnsName.of(text)}`).toBe(text);
    },
  );

  test.each([
    ['lab.*.internal', 'is a wildcard, which only the first label can be'],
    ['_.lab.internal', 'has an underscore'],
    ['a_b.lab.internal', 'has an underscore'],
  ])('refuses %s', (text, message) => {
    expect(() => DnsName.of(text)).toThrow(message);
  });

  test('has parents and children', () => {
    expect(`${DnsName.of('lab.internal').child('_http._tcp')}`).toBe('_http._tcp.lab.internal');
    expect(() => DnsName.of('lab.internal').child('a..b')).toThrow("label '' is empty");
    expect(`${DnsName.of('lab.internal').parent}`).toBe('internal');
    expect(DnsName.of('internal').parent).toBeUndefined();
  });
});
