import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';

describeWith(['terraform', 'pdns_server'], 'powerdns_zone', () => {
  let server: PowerDnsServer;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await PowerDnsServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    const environment = { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY };
    workspace = await attach(powerDnsProvider({ environment }));
  });
  afterEach(async () => {
    await workspace.terraform('destroy', '-auto-approve');
    workspace.close();
  });

  const zone = (attributes: string) =>
    workspace.configure(`resource "powerdns_zone" "lab" {\n${attributes}\n}\n`);
  const settings = async (name: string) => (await server.api('GET', `/zones/${name}?rrsets=false`)).json;

  test('is created as configured, and a second plan is empty', async () => {
    zone(`name = "lab.internal."
      kind = "Native"
      account = "ops"
      nameservers = ["ns1.lab.internal.", "ns2.lab.internal."]`);
    await workspace.apply();
    expect(await settings('lab.internal.')).toMatchObject({
      kind: 'Native',
      account: 'ops',
      soa_edit_api: 'DEFAULT',
    });
    expect((await server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual([
      'ns1.lab.internal.',
      'ns2.lab.internal.',
    ]);
    expect(workspace.state()['powerdns_zone.lab']!.attributes).toMatchObject({
      id: 'lab.internal.',
      soa_edit_api: 'DEFAULT',
    });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('changes kind, account, name servers and serial policy in place', async () => {
    zone('name = "lab.internal."\nkind = "Native"\nnameservers = ["ns1.lab.internal."]');
    await workspace.apply();
    await server.replaceRRset('lab.internal.', 'kept.lab.internal.', 'A', ['10.0.0.1']);
    zone(`name = "lab.internal."
      kind = "Primary"
      account = "ops"
      soa_edit_api = "EPOCH"
      nameservers = ["NS9.lab.internal."]`);
    expect(await workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await settings('lab.internal.')).toMatchObject({
      kind: 'Master',
      account: 'ops',
      soa_edit_api: 'EPOCH',
    });
    const rrsets = await server.rrsets('lab.internal.');
    expect(rrsets['lab.internal. NS']).toEqual(['ns9.lab.internal.']);
    expect(rrsets['kept.lab.internal. A']).toEqual(['10.0.0.1']);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('keeps name servers it is not told of, and its serial policy', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await workspace.apply();
    await server.replaceRRset('lab.internal.', 'lab.internal.', 'NS', ['other.example.']);
    expect(await workspace.planIsEmpty()).toBe(true);
    zone('name = "lab.internal."\nkind = "Native"\naccount = "ops"');
    await workspace.apply();
    expect((await server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual(['other.example.']);
  });

  test('is replaced when its name changes', async () => {
    zone('name = "one.internal."\nkind = "Native"');
    await workspace.apply();
    zone('name = "two.internal."\nkind = "Native"');
    expect(await workspace.apply()).toContain('1 added, 0 changed, 1 destroyed');
    expect((await server.api('GET', '/zones/one.internal.')).status).toBe(404);
    expect((await server.api('GET', '/zones/two.internal.')).status).toBe(200);
  });

  test('shows what was changed beside Terraform and puts it back', async () => {
    zone('name = "lab.internal."\nkind = "Native"\naccount = "ops"\nnameservers = ["ns1.lab.internal."]');
    await workspace.apply();
    await server.api('PUT', '/zones/lab.internal.', { account: 'someone' });
    await server.replaceRRset('lab.internal.', 'lab.internal.', 'NS', ['evil.example.']);
    const { output } = await workspace.terraform('plan', '-no-color');
    expect(output).toMatch(/account\s+= "someone" -> "ops"/);
    expect(output).toContain('- "evil.example."');
    await workspace.apply();
    expect(await settings('lab.internal.')).toMatchObject({ account: 'ops' });
    expect((await server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual(['ns1.lab.internal.']);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('is created again when it was deleted beside Terraform', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await workspace.apply();
    await server.api('DELETE', '/zones/lab.internal.');
    expect(await workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
  });

  test('is destroyed without complaint when it is gone already', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await workspace.apply();
    await server.api('DELETE', '/zones/lab.internal.');
    const { code } = await workspace.terraform('destroy', '-auto-approve', '-refresh=false');
    expect(code).toBe(0);
  });

  test('is not created over one that exists; the error names the import, and the import works', async () => {
    await server.createZone('taken.internal.', { account: 'theirs', nameservers: ['ns1.taken.internal.'] });
    zone(
      'name = "taken.internal."\nkind = "Native"\naccount = "theirs"\nnameservers = ["ns1.taken.internal."]',
    );
    const refused = await workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("Zone 'taken.internal.' exists already");
    expect(refused.output).toContain("terraform import powerdns_zone.NAME 'taken.internal.'");
    expect(refused.output).toMatch(
      /on main\.tf line \d+, in resource "powerdns_zone" "lab":\s+\d+: name = "taken/,
    );
    const imported = await workspace.terraform('import', 'powerdns_zone.lab', 'taken.internal.');
    expect(imported).toMatchObject({ code: 0 });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('does not import what is not there', async () => {
    zone('name = "nowhere.internal."\nkind = "Native"');
    const { code, output } = await workspace.terraform(
      'import',
      '-no-color',
      'powerdns_zone.lab',
      'nowhere.internal.',
    );
    expect(code).toBe(1);
    expect(output).toContain("There is no zone 'nowhere.internal.'");
  });

  test('takes its content from masters', async () => {
    zone('name = "copy.internal."\nkind = "Secondary"\nmasters = ["192.0.2.1:53", "2001:DB8::1"]');
    await workspace.apply();
    expect(await settings('copy.internal.')).toMatchObject({
      kind: 'Slave',
      masters: ['192.0.2.1', '2001:db8::1'],
    });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('serves a reverse zone of RFC 2317, whose name has a slash', async () => {
    zone('name = "0/25.2.0.192.in-addr.arpa."\nkind = "Native"');
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test.each([
    ['name = "lab.internal"\nkind = "Native"', 'name', "write 'lab.internal.' with the final"],
    ['name = "lab..internal."\nkind = "Native"', 'name', 'empty label'],
    ['name = "l b.internal."\nkind = "Native"', 'name', 'does not take'],
    [`name = "${'x'.repeat(64)}.internal."\nkind = "Native"`, 'name', 'label of 64 octets'],
    ['name = "lab.internal."\nkind = "Natve"', 'kind', "'Natve' is no kind of zone"],
    ['name = "lab.internal."\nkind = "Native"\nmasters = ["192.0.2.1"]', 'masters', 'has no masters'],
    ['name = "lab.internal."\nkind = "Slave"\nmasters = ["ns1"]', 'masters', "'ns1' is no address"],
    ['name = "lab.internal."\nkind = "Slave"\nnameservers = ["a."]', 'nameservers', 'come from its masters'],
    ['name = "lab.internal."\nkind = "Native"\nnameservers = ["ns1"]', 'nameservers', "write 'ns1.'"],
    ['name = "lab.internal."\nkind = "Native"\nsoa_edit_api = "default"', 'soa_edit_api', 'is not known'],
  ])('refuses at plan: %s', async (attributes, attribute, words) => {
    zone(attributes);
    const { code, output } = await workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    const flat = flatten(output);
    expect(flat).toContain(words);
    expect(flat).toMatch(new RegExp(`line \\d+, in resource "powerdns_zone" "lab": \\d+: ${attribute} = `));
  });
});
