import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server'], 'powerdns_zone_metadata', () => {
  const lab = providerSuite();
  beforeEach(async () => {
    await lab.server.createZone('lab.internal.');
  });
  afterEach(async () => {
    await lab.server.api('DELETE', '/zones/lab.internal.');
  });

  const metadata = (values: string, zone = 'lab.internal.', kind = 'ALSO-NOTIFY') =>
    lab.workspace.configure(
      `resource "powerdns_zone_metadata" "m" {\n  zone = "${zone}"\n  kind = "${kind}"\n  metadata = ${values}\n}\n`,
    );
  const stored = async () =>
    (await lab.server.api('GET', '/zones/lab.internal./metadata/ALSO-NOTIFY')).json.metadata as string[];

  test('is created, changed in place, shows drift, and is imported', async () => {
    metadata('["192.0.2.1", "192.0.2.2:5300"]', 'Lab.Internal.');
    await lab.workspace.apply();
    expect((await stored()).sort()).toEqual(['192.0.2.1', '192.0.2.2:5300']);
    expect(lab.workspace.state()['powerdns_zone_metadata.m']!.attributes.id).toBe(
      'lab.internal.:::ALSO-NOTIFY',
    );
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    metadata('["192.0.2.3"]');
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    await lab.server.api('PUT', '/zones/lab.internal./metadata/ALSO-NOTIFY', { metadata: ['192.0.2.9'] });
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).toContain('- "192.0.2.9"');
    await lab.workspace.apply();
    expect(await stored()).toEqual(['192.0.2.3']);

    await lab.workspace.terraform('state', 'rm', 'powerdns_zone_metadata.m');
    const imported = await lab.workspace.terraform(
      'import',
      'powerdns_zone_metadata.m',
      'lab.internal.:::ALSO-NOTIFY',
    );
    expect(imported).toMatchObject({ code: 0 });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    expect(await lab.workspace.terraform('destroy', '-auto-approve')).toMatchObject({ code: 0 });
    expect(await stored()).toEqual([]);
  });

  test('is created again when it was deleted beside Terraform', async () => {
    metadata('["192.0.2.1"]');
    await lab.workspace.apply();
    await lab.server.api('DELETE', '/zones/lab.internal./metadata/ALSO-NOTIFY');
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
  });

  test('what exists is not overwritten; the error names the import', async () => {
    await lab.server.api('PUT', '/zones/lab.internal./metadata/ALSO-NOTIFY', { metadata: ['192.0.2.9'] });
    metadata('["192.0.2.1"]');
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain("It holds '192.0.2.9' and was not touched");
    expect(output).toContain("terraform import powerdns_zone_metadata.NAME 'lab.internal.:::ALSO-NOTIFY'");
    expect(await stored()).toEqual(['192.0.2.9']);
  });

  test('a zone that does not exist is named', async () => {
    metadata('["192.0.2.1"]', 'nowhere.internal.');
    const { output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(flatten(output)).toContain("There is no zone 'nowhere.internal.'");
    expect(flatten(output)).toMatch(/\d+: zone = /);
  });

  test('a kind that only the server knows to refuse points at kind', async () => {
    metadata('["1"]', 'lab.internal.', 'NO-SUCH-KIND');
    const { output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(flatten(output)).toContain("Unsupported metadata kind 'NO-SUCH-KIND'");
    expect(flatten(output)).toMatch(/\d+: kind = /);
  });

  test.each([
    ['API-RECTIFY', "set 'api_rectify'"],
    ['AXFR-MASTER-TSIG', "set 'slave_tsig_key_ids'"],
    ['NSEC3NARROW', "set 'nsec3narrow'"],
    ['NSEC3PARAM', "set 'nsec3param'"],
    ['tsig-allow-axfr', "set 'master_tsig_key_ids'"],
    ['PRESIGNED', 'pdnsutil'],
    ['also-notify', 'capital letters'],
  ])('refuses at plan: kind %s', async (kind, words) => {
    metadata('["1"]', 'lab.internal.', kind);
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
  });
});
