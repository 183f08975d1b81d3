import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server'], 'powerdns_zone', () => {
  const lab = providerSuite();

  const zone = (attributes: string) =>
    lab.workspace.configure(`resource "powerdns_zone" "lab" {\n${attributes}\n}\n`);
  const settings = async (name: string) => (await lab.server.api('GET', `/zones/${name}?rrsets=false`)).json;

  test('is created as configured, and a second plan is empty', async () => {
    zone(`name = "lab.internal."
      kind = "Native"
      account = "ops"
      nameservers = ["ns1.lab.internal.", "ns2.lab.internal."]`);
    await lab.workspace.apply();
    expect(await settings('lab.internal.')).toMatchObject({
      kind: 'Native',
      account: 'ops',
      soa_edit_api: 'DEFAULT',
    });
    expect((await lab.server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual([
      'ns1.lab.internal.',
      'ns2.lab.internal.',
    ]);
    expect(lab.workspace.state()['powerdns_zone.lab']!.attributes).toMatchObject({
      id: 'lab.internal.',
      soa_edit_api: 'DEFAULT',
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('changes kind, account, name servers and serial policy in place', async () => {
    zone('name = "lab.internal."\nkind = "Native"\nnameservers = ["ns1.lab.internal."]');
    await lab.workspace.apply();
    await lab.server.replaceRRset('lab.internal.', 'kept.lab.internal.', 'A', ['10.0.0.1']);
    zone(`name = "lab.internal."
      kind = "Primary"
      account = "ops"
      soa_edit_api = "EPOCH"
      nameservers = ["NS9.lab.internal."]`);
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect(await settings('lab.internal.')).toMatchObject({
      kind: 'Master',
      account: 'ops',
      soa_edit_api: 'EPOCH',
    });
    const rrsets = await lab.server.rrsets('lab.internal.');
    expect(rrsets['lab.internal. NS']).toEqual(['ns9.lab.internal.']);
    expect(rrsets['kept.lab.internal. A']).toEqual(['10.0.0.1']);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('keeps name servers it is not told of, and its serial policy', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await lab.workspace.apply();
    await lab.server.replaceRRset('lab.internal.', 'lab.internal.', 'NS', ['other.example.']);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    zone('name = "lab.internal."\nkind = "Native"\naccount = "ops"');
    await lab.workspace.apply();
    expect((await lab.server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual(['other.example.']);
  });

  test('is replaced when its name changes', async () => {
    zone('name = "one.internal."\nkind = "Native"');
    await lab.workspace.apply();
    zone('name = "two.internal."\nkind = "Native"');
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 1 destroyed');
    expect((await lab.server.api('GET', '/zones/one.internal.')).status).toBe(404);
    expect((await lab.server.api('GET', '/zones/two.internal.')).status).toBe(200);
  });

  test('shows what was changed beside Terraform and puts it back', async () => {
    zone('name = "lab.internal."\nkind = "Native"\naccount = "ops"\nnameservers = ["ns1.lab.internal."]');
    await lab.workspace.apply();
    await lab.server.api('PUT', '/zones/lab.internal.', { account: 'someone' });
    await lab.server.replaceRRset('lab.internal.', 'lab.internal.', 'NS', ['evil.example.']);
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).toMatch(/account\s+= "someone" -> "ops"/);
    expect(output).toContain('- "evil.example."');
    await lab.workspace.apply();
    expect(await settings('lab.internal.')).toMatchObject({ account: 'ops' });
    expect((await lab.server.rrsets('lab.internal.'))['lab.internal. NS']).toEqual(['ns1.lab.internal.']);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('is created again when it was deleted beside Terraform', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await lab.workspace.apply();
    await lab.server.api('DELETE', '/zones/lab.internal.');
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
  });

  test('is destroyed without complaint when it is gone already', async () => {
    zone('name = "lab.internal."\nkind = "Native"');
    await lab.workspace.apply();
    await lab.server.api('DELETE', '/zones/lab.internal.');
    const { code } = await lab.workspace.terraform('destroy', '-auto-approve', '-refresh=false');
    expect(code).toBe(0);
  });

  test('is not created over one that exists; the error names the import, and the import works', async () => {
    await lab.server.createZone('taken.internal.', {
      account: 'theirs',
      nameservers: ['ns1.taken.internal.'],
    });
    zone(
      'name = "taken.internal."\nkind = "Native"\naccount = "theirs"\nnameservers = ["ns1.taken.internal."]',
    );
    const refused = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("Zone 'taken.internal.' exists already");
    expect(refused.output).toContain("terraform import powerdns_zone.NAME 'taken.internal.'");
    expect(refused.output).toMatch(
      /on main\.tf line \d+, in resource "powerdns_zone" "lab":\s+\d+: name = "taken/,
    );
    const imported = await lab.workspace.terraform('import', 'powerdns_zone.lab', 'taken.internal.');
    expect(imported).toMatchObject({ code: 0 });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('does not import what is not there', async () => {
    zone('name = "nowhere.internal."\nkind = "Native"');
    const { code, output } = await lab.workspace.terraform(
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
    await lab.workspace.apply();
    expect(await settings('copy.internal.')).toMatchObject({
      kind: 'Slave',
      masters: ['192.0.2.1', '2001:db8::1'],
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('serves a reverse zone of RFC 2317, whose name has a slash', async () => {
    zone('name = "0/25.2.0.192.in-addr.arpa."\nkind = "Native"');
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
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
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    const flat = flatten(output);
    expect(flat).toContain(words);
    expect(flat).toMatch(new RegExp(`line \\d+, in resource "powerdns_zone" "lab": \\d+: ${attribute} = `));
  });
});
