import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY } from '../support/power-dns-server';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server'], 'settings of powerdns_zone', () => {
  const lab = providerSuite();
  beforeAll(async () => {
    for (const name of ['one', 'two']) {
      await lab.server.api('POST', '/tsigkeys', { name, algorithm: 'hmac-sha256' });
    }
  });

  const zone = (attributes: string, more = '') =>
    lab.workspace.configure(
      `resource "powerdns_zone" "lab" {\nname = "lab.internal."\n${attributes}\n}\n${more}`,
    );
  const settings = async (name = 'lab.internal.') =>
    (await lab.server.api('GET', `/zones/${name}?rrsets=false`)).json;
  const apply = async () =>
    flatten((await lab.workspace.terraform('apply', '-auto-approve', '-no-color')).output);
  const attributes = () => lab.workspace.state()['powerdns_zone.lab']!.attributes;

  test('each is set at creation, changed in place, and imported', async () => {
    zone(`kind = "Native"
      dnssec = true
      nsec3param = "1  0 00 AB"
      nsec3narrow = true
      api_rectify = true
      soa_edit = "INCEPTION-INCREMENT"
      master_tsig_key_ids = ["One"]
      slave_tsig_key_ids = ["one."]`);
    await lab.workspace.apply();
    expect(await settings()).toMatchObject({
      dnssec: true,
      nsec3param: '1 0 0 ab',
      nsec3narrow: true,
      api_rectify: true,
      soa_edit: 'INCEPTION-INCREMENT',
      master_tsig_key_ids: ['one.'],
      slave_tsig_key_ids: ['one.'],
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    const changed = `kind = "Native"
      dnssec = true
      nsec3param = "1 0 0 -"
      nsec3narrow = false
      api_rectify = false
      soa_edit = ""
      master_tsig_key_ids = ["two.", "one."]`;
    zone(changed);
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await settings()).toMatchObject({
      nsec3param: '1 0 0 -',
      nsec3narrow: false,
      api_rectify: false,
      soa_edit: '',
      slave_tsig_key_ids: [],
    });
    zone(changed.replace('nsec3narrow = false', 'nsec3narrow = true'));
    await lab.workspace.apply();
    expect(await settings()).toMatchObject({ nsec3param: '1 0 0 -', nsec3narrow: true });
    zone(changed);
    await lab.workspace.apply();
    expect(await settings()).toMatchObject({ nsec3param: '1 0 0 -', nsec3narrow: false });
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    await lab.workspace.terraform('state', 'rm', 'powerdns_zone.lab');
    expect(await lab.workspace.terraform('import', 'powerdns_zone.lab', 'lab.internal.')).toMatchObject({
      code: 0,
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('DNSSEC is switched on and off in place; the DS records follow', async () => {
    zone('kind = "Native"\nnameservers = ["ns1.lab.internal."]');
    await lab.workspace.apply();
    expect(attributes()).toMatchObject({ dnssec: false, ds_records: [], nsec3param: '' });
    zone('kind = "Native"\nnameservers = ["ns1.lab.internal."]\ndnssec = true\nnsec3param = "1 0 0 -"');
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    const { json } = await lab.server.api('GET', '/zones/lab.internal.?rrsets=false');
    expect(json.dnssec).toBe(true);
    expect(attributes().ds_records).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+ 13 2 [0-9a-f]{64}$/)]),
    );
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    zone('kind = "Native"\nnameservers = ["ns1.lab.internal."]\ndnssec = false');
    await lab.workspace.apply();
    expect(await settings()).toMatchObject({ dnssec: false, nsec3param: '' });
    expect(attributes().ds_records).toEqual([]);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('an update sends what changed and nothing else', async () => {
    zone('kind = "Native"');
    await lab.workspace.apply();
    await lab.server.api('POST', '/zones/lab.internal./cryptokeys', { keytype: 'csk', active: true });
    zone('kind = "Native"\naccount = "ops"');
    // Without a refresh the prior state still says that the zone is not signed.
    const { code } = await lab.workspace.terraform('apply', '-auto-approve', '-refresh=false');
    expect(code).toBe(0);
    expect(await settings()).toMatchObject({ account: 'ops', dnssec: true });
  });

  test.each(['', 'OFF', 'SOA-EDIT-INCREASE'])(
    'soa_edit_api "%s" is kept, and may be left again',
    async (given) => {
      zone(`kind = "Native"\nsoa_edit_api = "${given}"`);
      await lab.workspace.apply();
      expect(await lab.workspace.planIsEmpty()).toBe(true);
      zone('kind = "Native"\nsoa_edit_api = "EPOCH"');
      await lab.workspace.apply();
      zone(`kind = "Native"\nsoa_edit_api = "${given}"`);
      expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
      expect(await settings()).toMatchObject({ soa_edit_api: given });
      expect(await lab.workspace.planIsEmpty()).toBe(true);
    },
  );

  test('a zone becomes member of a catalog, and leaves it', async () => {
    const catalog =
      'resource "powerdns_zone" "catalog" {\n  name = "catalog.internal."\n  kind = "Producer"\n}\n';
    zone('kind = "Master"\ncatalog = powerdns_zone.catalog.name', catalog);
    await lab.workspace.apply();
    expect(await settings('catalog.internal.')).toMatchObject({ kind: 'Producer' });
    expect(await settings()).toMatchObject({ catalog: 'catalog.internal.' });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    zone('kind = "Master"', catalog);
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await settings()).toMatchObject({ catalog: '' });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a catalog is consumed; a secondary becomes a primary in place', async () => {
    zone('kind = "Consumer"\nmasters = ["192.0.2.1"]');
    await lab.workspace.apply();
    expect(await settings()).toMatchObject({ kind: 'Consumer', masters: ['192.0.2.1'] });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    zone('kind = "Primary"');
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await settings()).toMatchObject({ kind: 'Master', masters: [] });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('the state of a version that knew fewer settings is filled in', async () => {
    zone('kind = "Native"\nnameservers = ["ns1.lab.internal."]');
    await lab.workspace.apply();
    const file = join(lab.workspace.directory, 'terraform.tfstate');
    const state = JSON.parse(readFileSync(file, 'utf8')) as {
      resources: { instances: { attributes: Record<string, unknown> }[] }[];
    };
    const [instance] = state.resources[0]!.instances;
    const known = ['id', 'name', 'kind', 'account', 'nameservers', 'masters', 'soa_edit_api'];
    instance!.attributes = Object.fromEntries(
      Object.entries(instance!.attributes).filter(([name]) => known.includes(name)),
    );
    writeFileSync(file, JSON.stringify(state));
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    zone('kind = "Native"\nnameservers = ["ns1.lab.internal."]\naccount = "ops"');
    const { code } = await lab.workspace.terraform('apply', '-auto-approve', '-refresh=false');
    expect(code).toBe(0);
    expect(await settings()).toMatchObject({ account: 'ops', soa_edit_api: 'DEFAULT' });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a TSIG key that does not exist is named, and no half-made zone is left', async () => {
    zone('kind = "Native"\nmaster_tsig_key_ids = ["nowhere."]');
    const output = await apply();
    expect(output).toContain("There is no TSIG key 'nowhere.'");
    expect(output).toMatch(/\d+: master_tsig_key_ids = /);
    expect((await lab.server.api('GET', '/zones/lab.internal.')).status).toBe(404);
  });

  test('what only the server can refuse points at the attribute, and leaves no half-made zone', async () => {
    zone('kind = "Native"\ndnssec = true\nnsec3param = "1 0 5000 -"');
    const output = await apply();
    expect(output).toContain('iterations is above');
    expect(output).toMatch(/\d+: nsec3param = /);
    expect((await lab.server.api('GET', '/zones/lab.internal.')).status).toBe(404);
  });

  test('a server that leaves out what it does not know is found out, and the zone is taken back', async () => {
    const older = await proxyWithout(lab.server.url, 'catalog');
    await lab.use({ PDNS_SERVER_URL: older.url });
    zone('kind = "Native"\ncatalog = "catalog.internal."');
    const output = await apply();
    older.close();
    expect(output).toContain('The server did not take catalog');
    expect(output).toMatch(/\d+: catalog = /);
    expect((await lab.server.api('GET', '/zones/lab.internal.')).status).toBe(404);
  });

  test.each([
    ['kind = "Slave"\nmasters = ["192.0.2.1"]\ndnssec = true', 'dnssec', 'before its first transfer'],
    ['kind = "Native"\nnsec3param = "1 0 0 -"', 'nsec3param', 'Set dnssec to true as well'],
    ['kind = "Native"\ndnssec = true\nnsec3narrow = true', 'nsec3narrow', 'needs NSEC3'],
    ['kind = "Native"\ncatalog = "Lab.internal."', 'catalog', 'no member of itself'],
    ['kind = "Native"\ncatalog = "catalog"', 'catalog', "write 'catalog.'"],
    ['kind = "Native"\nsoa_edit = "EPOCHS"', 'soa_edit', 'is not known'],
    ['kind = "Native"\nslave_tsig_key_ids = ["one", "two"]', 'slave_tsig_key_ids', 'one TSIG key'],
    ['kind = "Native"\nmaster_tsig_key_ids = ["a..b"]', 'master_tsig_key_ids', 'empty label'],
  ])('refuses at plan: %s', async (given, attribute, words) => {
    zone(given);
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
    expect(flatten(output)).toMatch(new RegExp(`\\d+: ${attribute} = `));
  });
});

/** A server of a version that has never heard of a setting: it takes it out of every request and answer. */
async function proxyWithout(target: string, setting: string): Promise<{ url: string; close(): void }> {
  const without = (text: string) => {
    if (!text.startsWith('{')) return text;
    const { [setting]: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(rest);
  };
  const proxy = createServer(async (incoming, answer) => {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const response = await fetch(`${target}${incoming.url}`, {
      method: incoming.method,
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: body === '' ? undefined : without(body),
    });
    const text = await response.text();
    answer.writeHead(response.status, { 'content-type': response.headers.get('content-type') ?? '' });
    answer.end(without(text));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void proxy.close() };
}
