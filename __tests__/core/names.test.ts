import { hostname, resourceName } from '../../lib/core/names';

describe('hostname', () => {
  test.each([
    ['Web-0', 'web-0'],
    ['a', 'a'],
    ['3com', '3com'],
    ['a'.repeat(63), 'a'.repeat(63)],
  ])('accepts %s', (name, canonical) => {
    expect(hostname(name)).toBe(canonical);
  });

  test.each([
    ['web_0', "hostname 'web_0' has an underscore"],
    ['-web', 'begins with a hyphen'],
    ['web-', 'ends with a hyphen'],
    ['', 'is empty'],
    ['a'.repeat(66), 'is 3 over the 63 characters'],
    ['web.lab', 'has dots; give only the part before the first dot'],
    ['123', "is all digits, which programs read as an address; add a letter, for example 'vm-123'"],
    ['web/0', "has the character '/'"],
  ])('refuses %p', (name, message) => {
    expect(() => hostname(name)).toThrow(message);
  });
});

describe('resourceName', () => {
  test('accepts what a file can be called on a hypervisor', () => {
    expect(resourceName('volume', 'lab-web-0.root_1')).toBe('lab-web-0.root_1');
  });

  test.each([
    ['', 'is empty'],
    ['../x', "has the character '/'"],
    ['.hidden', "begins with '.'"],
    ['a b', "has the character ' '"],
    ['a'.repeat(130), 'is 2 over 128 characters'],
  ])('refuses %p', (name, message) => {
    expect(() => resourceName('volume', name)).toThrow(message);
    expect(() => resourceName('volume', name)).toThrow(`volume name '${name}'`);
  });
});
