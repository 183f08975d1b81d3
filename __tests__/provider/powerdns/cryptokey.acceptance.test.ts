import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig } from '../support/dig';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server', 'dig'], 'powerdns_cryptokey', () => {
  const lab = providerSuite();
  beforeEach(async () => {
    await lab.server.createZone('lab.internal.', { nameservers: ['ns1.lab.internal.'] });
  });
  afterEach(async () => {
    await lab.server.api('DELETE', '/zones/lab.internal.');
  });

  const key = (attributes = '', label = 'k') =>
    `resource "powerdns_cryptokey" "${label}" {\n  zone = "lab.internal."\n${attributes}\n}\n`;
  const attributes = (label = 'k') =>
    lab.workspace.state()[`powerdns_cryptokey.${label}`]!.attributes as {
      id: string;
      key_id: number;
      key_tag: number;
      dnskey: string;
      ds: string[];
    };

  test('signs the zone; what it puts out is what the parent needs', async () => {
    lab.workspace.configure(key());
    await lab.workspace.apply();
    const { dnskey, ds, key_tag: tag } = attributes();
    const served = await dig(lab.server, '+short', '+dnssec', 'lab.internal.', 'DNSKEY');
    const lines = served.output.trim().split('\n'); // in any order
    const [answered = ''] = lines.filter((line) => !line.startsWith('DNSKEY '));
    const [signature = ''] = lines.filter((line) => line.startsWith('DNSKEY '));
    expect(
      answered.replace(
        /(\S+ \S+ \S+) (.*)/,
        (_, head: string, data: string) => `${head} ${data.replaceAll(' ', '')}`,
      ),
    ).toBe(dnskey);
    expect(signature).toContain(` ${tag} lab.internal. `);
    // RFC 4034, 5.1.4: the digest of the name and the key, by another implementation than the server's.
    const [flags, protocol, algorithm, data = ''] = dnskey.split(' ');
    const owner = Buffer.from('\x03lab\x08internal\0', 'latin1');
    const head = Buffer.from([Number(flags) >> 8, Number(flags) & 0xff, Number(protocol), Number(algorithm)]);
    const digest = createHash('sha256').update(Buffer.concat([owner, head, Buffer.from(data, 'base64')]));
    expect(ds).toContain(`${tag} ${algorithm} 2 ${digest.digest('hex')}`);
    expect(ds.filter((content) => content.startsWith(`${tag} ${algorithm} 1 `))).toEqual([]); // SHA-1
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('the zone tells the DS records of the keys that sign', async () => {
    lab.workspace.configure(`${key('', 'now')}${key('active = false', 'next')}
      data "powerdns_zone" "lab" {
        name       = "lab.internal."
        depends_on = [powerdns_cryptokey.now, powerdns_cryptokey.next]
      }
      output "ds" { value = data.powerdns_zone.lab.ds_records }
    `);
    await lab.workspace.apply();
    const { output } = await lab.workspace.terraform('output', '-json', 'ds');
    expect(JSON.parse(output)).toEqual(attributes('now').ds);
    expect(attributes('next').ds).toHaveLength(2);
  });

  test('is deactivated and hidden in place, and shows drift', async () => {
    lab.workspace.configure(key());
    await lab.workspace.apply();
    const { key_id: id } = attributes();
    const path = `/zones/lab.internal./cryptokeys/${id}`;
    lab.workspace.configure(key('active = false\npublished = false'));
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect((await lab.server.api('GET', path)).json).toMatchObject({ active: false, published: false });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    await lab.server.api('PUT', path, { active: true });
    expect(await lab.workspace.planIsEmpty()).toBe(false);
    await lab.workspace.apply();
    expect((await lab.server.api('GET', path)).json).toMatchObject({ active: false });
  });

  test('key signing and zone signing keys of several algorithms live beside each other; all are imported', async () => {
    const hcl =
      key('keytype = "ksk"\nalgorithm = "ED25519"', 'k') +
      key('keytype = "zsk"\nalgorithm = "15"', 'z') +
      key('algorithm = "rsasha256"\nbits = 2048\nactive = false', 'rsa');
    lab.workspace.configure(hcl);
    await lab.workspace.apply();
    expect(attributes('k').dnskey).toMatch(/^257 3 15 /);
    expect(attributes('z')).toMatchObject({
      flags: 256,
      ds: [],
      dnskey: expect.stringMatching(/^256 3 15 /),
    });
    expect(attributes('rsa')).toMatchObject({ bits: 2048, flags: 257, keytype: 'csk' });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    for (const label of ['k', 'z', 'rsa']) {
      const { id } = attributes(label);
      await lab.workspace.terraform('state', 'rm', `powerdns_cryptokey.${label}`);
      const imported = await lab.workspace.terraform('import', `powerdns_cryptokey.${label}`, id);
      expect(imported).toMatchObject({ code: 0 });
    }
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    // The attributes may go, the keys stay.
    lab.workspace.configure(key('', 'k') + key('', 'z') + key('active = false', 'rsa'));
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('the private key is in no state, plan or log', async () => {
    lab.workspace.configure(key());
    await lab.workspace.apply();
    const { json } = await lab.server.api('GET', `/zones/lab.internal./cryptokeys/${attributes().key_id}`);
    const [, secret = ''] = /PrivateKey: (\S+)/.exec(String(json.privatekey)) ?? [];
    expect(secret.length).toBeGreaterThan(20);
    const state = readFileSync(join(lab.workspace.directory, 'terraform.tfstate'), 'utf8');
    expect(state).not.toContain(secret);
    expect(state).not.toContain('Private-key');
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).not.toContain(secret);
  });

  test('is made again when it was removed beside Terraform, and destroyed when it is gone', async () => {
    lab.workspace.configure(key());
    await lab.workspace.apply();
    const before = attributes().key_id;
    await lab.server.api('DELETE', `/zones/lab.internal./cryptokeys/${before}`);
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
    await lab.server.api('DELETE', '/zones/lab.internal.');
    expect(await lab.workspace.terraform('destroy', '-auto-approve', '-refresh=false')).toMatchObject({
      code: 0,
    });
  });

  test('a zone that does not exist is named, by creation and import', async () => {
    lab.workspace.configure(key().replace('lab.internal.', 'nowhere.internal.'));
    const { output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(flatten(output)).toContain("There is no zone 'nowhere.internal.'");
    const imported = await lab.workspace.terraform(
      'import',
      '-no-color',
      'powerdns_cryptokey.k',
      'lab.internal.:::99',
    );
    expect(flatten(imported.output)).toContain("There is no key 99 of zone 'lab.internal.'");
    const wrong = await lab.workspace.terraform('import', '-no-color', 'powerdns_cryptokey.k', '99');
    expect(flatten(wrong.output)).toContain('The identifier of a key has another form');
  });

  test.each([
    ['algorithm = "rsa"', 'algorithm', "'rsa' is not known"],
    ['algorithm = "rsasha512"', 'algorithm', 'An RSA key has a size'],
    ['keytype = "KSK1"', 'keytype', 'use csk, ksk or zsk'],
  ])('refuses at plan: %s', async (given, attribute, words) => {
    lab.workspace.configure(key(given));
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
    expect(flatten(output)).toMatch(new RegExp(`\\d+: ${attribute} = `));
  });

  test('a size the algorithm does not have points at bits', async () => {
    lab.workspace.configure(key('algorithm = "ecdsa256"\nbits = 300'));
    const { output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(flatten(output)).toMatch(/does not support the given bit size/);
    expect(flatten(output)).toMatch(/\d+: bits = /);
  });
});
