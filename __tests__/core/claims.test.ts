import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import { Construct } from 'constructs';
import { Cidr, ClaimKind, Claims, Environment, Fqdn, ValidationError } from '../../lib';
import { temporaryDirectory, TestSite } from '../support/site';

class Thing extends Construct {}

function conflicts(app: App): string {
  try {
    Claims.of(app).assertNoConflicts();
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return (error as Error).message;
  }
  return '';
}

describe('a conflict', () => {
  it('names both constructs, and the line of the user’s code that each comes from', () => {
    const app = new App();
    const first = new Thing(app, 'first');
    Claims.of(app).claim(first, ClaimKind.MAC_ADDRESS, '52:54:00:00:00:01');
    const second = new Thing(app, 'second');
    Claims.of(app).claim(second, ClaimKind.MAC_ADDRESS, '52:54:00:00:00:01', '', 'give one of them another');
    expect(conflicts(app).split('\n')).toEqual([
      "second: MAC address '52:54:00:00:00:01' is already taken by first; give one of them another",
      '  first comes from __tests__/core/claims.test.ts:24, second comes from __tests__/core/claims.test.ts:26',
    ]);
  });

  it('is told with all others at once, those of one pair together', () => {
    const app = new App();
    const claims = Claims.of(app);
    const [a, b, c] = ['a', 'b', 'c'].map((id) => new Thing(app, id)) as [Thing, Thing, Thing];
    claims.claim(a, ClaimKind.FQDN, 'web.example.org');
    claims.claim(a, ClaimKind.VLAN_ID, '20', 'switch ovs0');
    claims.claim(b, ClaimKind.FQDN, 'web.example.org');
    claims.claim(c, ClaimKind.FQDN, 'web.example.org');
    claims.claim(b, ClaimKind.VLAN_ID, '20', 'switch ovs0');
    expect(
      conflicts(app)
        .split('\n')
        .filter((line) => !line.startsWith('  ')),
    ).toEqual([
      "b: name 'web.example.org' is already taken by a; choose another one",
      "b: VLAN id '20' is already taken by a (switch ovs0); choose another one",
      "c: name 'web.example.org' is already taken by a; choose another one",
    ]);
  });

  it('is none between scopes, nor when one construct claims a thing twice', () => {
    const app = new App();
    const claims = Claims.of(app);
    const [a, b] = ['a', 'b'].map((id) => new Thing(app, id)) as [Thing, Thing];
    claims.claim(a, ClaimKind.PORT, '80', 'a');
    claims.claim(a, ClaimKind.PORT, '80', 'a');
    claims.claim(b, ClaimKind.PORT, '80', 'b');
    expect(conflicts(app)).toBe('');
    expect(claims.ownerOf(ClaimKind.PORT, '80', 'b')).toBe(b);
  });

  it('of a bridge with another interface of its host is one: they share their names', () => {
    const app = new App();
    const claims = Claims.of(app);
    const [a, b] = ['a', 'b'].map((id) => new Thing(app, id)) as [Thing, Thing];
    claims.claim(a, ClaimKind.BRIDGE, 'cl-lan', 'hypervisor kvm1');
    claims.claim(b, ClaimKind.INTERFACE, 'cl-lan', 'hypervisor kvm1');
    expect(conflicts(app)).toContain(
      "b: interface 'cl-lan' is already taken by a as a bridge (hypervisor kvm1); choose another one",
    );
  });

  it('of ranges is one when they overlap and reach each other', () => {
    const app = new App();
    const claims = Claims.of(app);
    const [a, b, c] = ['a', 'b', 'c'].map((id) => new Thing(app, id)) as [Thing, Thing, Thing];
    claims.claimRange(a, Cidr.of('10.20.0.0/16'), 'backbone');
    claims.claimRange(b, Cidr.of('10.20.7.0/24'), 'backbone', 'choose another range');
    claims.claimRange(c, Cidr.of('10.20.7.0/24'), 'kvm3');
    expect(conflicts(app)).toMatch(
      /^b: address range '10\.20\.7\.0\/24' overlaps with 10\.20\.0\.0\/16 of a \(backbone\); choose another range\n {2}a comes from/,
    );
    expect(Claims.of(app).conflicts).toHaveLength(1);
  });
});

describe('a synth with conflicts', () => {
  it('fails before anything is written', () => {
    const site = new TestSite();
    const [a, b] = ['a', 'b'].map((id) => new Thing(site.stack(id), 'thing')) as [Thing, Thing];
    Claims.of(a).claim(a, ClaimKind.FILE, 'targets.json');
    Claims.of(b).claim(b, ClaimKind.FILE, 'targets.json');
    expect(() => site.synth()).toThrow(
      /^test-b\/thing: file 'targets\.json' is already taken by test-a\/thing; choose another one\n {2}test-a\/thing comes from __tests__/,
    );
    expect(existsSync(join(site.folder('base'), 'cdk.tf.json'))).toBe(false);
    expect(existsSync(join(site.directory, 'test.lock.json'))).toBe(false);
  });
});

it('fails when two environments share a lock file', () => {
  const directory = temporaryDirectory();
  const app = new App({ outdir: join(directory, 'out') });
  const files = {
    domain: Fqdn.of('example.org'),
    lockFile: join(directory, 'lock.json'),
    siteKeyFile: join(directory, 'key'),
  };
  for (const id of ['blue', 'green']) new Environment(app, id, files);
  expect(conflicts(app)).toMatch(
    /^green: lock file '.*\/lock\.json' is already taken by blue; give each environment its own file\n/,
  );
});
