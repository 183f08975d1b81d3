import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dig } from '../support/dig';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

const SECRET = Buffer.from('a secret of the test').toString('base64');
const OTHER = Buffer.from('another secret of the test').toString('base64');

describeWith(['terraform', 'pdns_server', 'dig'], 'powerdns_tsigkey', () => {
  const lab = providerSuite();

  const key = (attributes = '', name = 'transfer') =>
    `resource "powerdns_tsigkey" "k" {\n  name = "${name}"\n${attributes}\n}\n`;
  const stored = async (name = 'transfer.') =>
    (await lab.server.api('GET', `/tsigkeys/${name}`)).json as { algorithm: string; key: string };
  const given = (secret: string, version: number) => `key_wo = "${secret}"\nkey_wo_version = ${version}`;
  const state = () => readFileSync(join(lab.workspace.directory, 'terraform.tfstate'), 'utf8');

  test('a secret that is given reaches the server and no file, and a transfer is signed with it', async () => {
    lab.workspace.configure(`
      ${key(given(SECRET, 1), 'Transfer.Lab')}
      resource "powerdns_zone" "lab" {
        name                = "lab.internal."
        kind                = "Native"
        nameservers         = ["ns1.lab.internal."]
        master_tsig_key_ids = [powerdns_tsigkey.k.id]
      }
    `);
    await lab.workspace.apply();
    expect(await stored('transfer.lab.')).toMatchObject({ algorithm: 'hmac-sha256', key: SECRET });
    expect(state()).not.toContain(SECRET);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    const transfer = (secret: string) =>
      dig(lab.server, 'lab.internal.', 'AXFR', '-y', `hmac-sha256:transfer.lab:${secret}`);
    expect((await transfer(SECRET)).output).toContain('ns1.lab.internal.');
    expect((await transfer(OTHER)).output).toContain('Transfer failed');
  });

  test('another version sends another secret; another algorithm keeps it', async () => {
    lab.workspace.configure(key(given(SECRET, 1)));
    await lab.workspace.apply();
    lab.workspace.configure(key(given(OTHER, 1)));
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    lab.workspace.configure(key(given(OTHER, 2)));
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await stored()).toMatchObject({ key: OTHER });
    lab.workspace.configure(key(`${given(OTHER, 2)}\nalgorithm = "HMAC-SHA512."`));
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await stored()).toMatchObject({ algorithm: 'hmac-sha512', key: OTHER });
    expect(state()).not.toContain(OTHER);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('without a secret the server makes one; the ephemeral resource hands it on', async () => {
    lab.workspace.configure(`
      ${key('algorithm = "hmac-sha512"')}
      ephemeral "powerdns_tsigkey" "k" {
        name = powerdns_tsigkey.k.id
      }
      resource "powerdns_tsigkey" "copy" {
        name           = "copy"
        key_wo         = ephemeral.powerdns_tsigkey.k.key
        key_wo_version = 1
      }
    `);
    await lab.workspace.apply();
    const { key: secret } = await stored();
    expect(secret.length).toBeGreaterThan(40);
    expect(await stored('copy.')).toMatchObject({ key: secret });
    expect(state()).not.toContain(secret);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('one that exists is not overwritten; the error names the import, and the import works', async () => {
    await lab.server.api('POST', '/tsigkeys', { name: 'transfer', algorithm: 'hmac-sha512', key: SECRET });
    lab.workspace.configure(key('algorithm = "hmac-sha512"'));
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(output).toContain("terraform import powerdns_tsigkey.NAME 'transfer.'");
    expect(await stored()).toMatchObject({ key: SECRET });
    expect(await lab.workspace.terraform('import', 'powerdns_tsigkey.k', 'transfer.')).toMatchObject({
      code: 0,
    });
    expect(state()).not.toContain(SECRET);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('is made again when it was deleted beside Terraform, and destroyed when it is gone', async () => {
    lab.workspace.configure(key());
    await lab.workspace.apply();
    await lab.server.api('DELETE', '/tsigkeys/transfer.');
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
    await lab.server.api('DELETE', '/tsigkeys/transfer.');
    expect(await lab.workspace.terraform('destroy', '-auto-approve', '-refresh=false')).toMatchObject({
      code: 0,
    });
  });

  test.each([
    ['algorithm = "sha256"', 'algorithm', "'sha256' is not known"],
    ['key_wo = "a secret"\nkey_wo_version = 1', 'key_wo', 'not Base64'],
    [`key_wo = "${SECRET}"`, 'key_wo', 'needs a version'],
    ['key_wo_version = 1', 'key_wo_version', 'no secret of this version'],
  ])('refuses at plan: %s', async (attributes, attribute, words) => {
    lab.workspace.configure(key(attributes));
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
    expect(flatten(output)).toMatch(new RegExp(`\\d+: ${attribute} = `));
  });
});
