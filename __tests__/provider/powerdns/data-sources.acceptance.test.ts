import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server'], 'data sources and functions of PowerDNS', () => {
  const lab = providerSuite();
  beforeAll(async () => {
    await lab.server.createZone('lab.internal.', {
      kind: 'Master',
      account: 'ops',
      nameservers: ['ns1.lab.internal.'],
      dnssec: true,
    });
    await lab.server.replaceRRset('lab.internal.', 'web.lab.internal.', 'A', ['10.0.0.1', '10.0.0.2'], 300);
    await lab.server.createZone('20.10.in-addr.arpa.');
    await lab.server.createZone('labXinternal.');
  });

  async function outputs(hcl: string): Promise<Record<string, unknown>> {
    lab.workspace.configure(hcl);
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    const { output } = await lab.workspace.terraform('output', '-json');
    const parsed = JSON.parse(output) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(parsed).map(([name, { value }]) => [name, value]));
  }

  test('a zone and an RRset are found in any spelling', async () => {
    const { zone, record } = await outputs(`
      data "powerdns_zone" "lab" { name = "Lab.internal." }
      data "powerdns_record" "web" {
        zone = "lab.internal."
        name = "WEB.lab.internal."
        type = "a"
      }
      output "zone" { value = data.powerdns_zone.lab }
      output "record" { value = data.powerdns_record.web }
    `);
    expect(zone).toMatchObject({
      id: 'lab.internal.',
      kind: 'Master',
      account: 'ops',
      nameservers: ['ns1.lab.internal.'],
      masters: [],
      dnssec: true,
      soa_edit_api: 'DEFAULT',
      serial: expect.any(Number),
    });
    expect((zone as { records: unknown[] }).records).toContainEqual({
      name: 'web.lab.internal.',
      type: 'A',
      ttl: 300,
      content: '10.0.0.1',
      disabled: false,
    });
    expect((zone as { ds_records: string[] }).ds_records).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+ 13 2 /)]),
    );
    expect(record).toMatchObject({
      id: 'web.lab.internal.:::A',
      ttl: 300,
      records: ['10.0.0.1', '10.0.0.2'],
      disabled: false,
      comments: [],
    });
  });

  test('zones are found by name, kind and account', async () => {
    const found = await outputs(`
      data "powerdns_zones" "all" {}
      data "powerdns_zones" "reverse" { name = "*.IN-ADDR.arpa." }
      data "powerdns_zones" "exact" { name = "lab.internal." }
      data "powerdns_zones" "primary" { kind = "Primary" }
      data "powerdns_zones" "nobody" { account = "" }
      output "all" { value = data.powerdns_zones.all.names }
      output "reverse" { value = data.powerdns_zones.reverse.names }
      output "exact" { value = data.powerdns_zones.exact.zones }
      output "primary" { value = data.powerdns_zones.primary.names }
      output "nobody" { value = data.powerdns_zones.nobody.names }
    `);
    expect(found).toEqual({
      all: ['20.10.in-addr.arpa.', 'lab.internal.', 'labxinternal.'],
      reverse: ['20.10.in-addr.arpa.'],
      exact: [{ name: 'lab.internal.', kind: 'Master', account: 'ops', dnssec: true }],
      primary: ['lab.internal.'],
      nobody: ['20.10.in-addr.arpa.', 'labxinternal.'],
    });
  });

  test.each([
    [
      'data "powerdns_zone" "x" {\n  name = "nowhere.internal."\n}',
      'name',
      "There is no zone 'nowhere.internal.'",
    ],
    ['data "powerdns_zone" "x" {\n  name = "lab.internal"\n}', 'name', "write 'lab.internal.'"],
    [
      'data "powerdns_record" "x" {\n  zone = "lab.internal."\n  name = "no.lab.internal."\n  type = "A"\n}',
      'name',
      'There is no no.lab.internal. A',
    ],
    [
      'data "powerdns_record" "x" {\n  zone = "lab.internal."\n  name = "no.other."\n  type = "A"\n}',
      'name',
      'outside the zone',
    ],
    ['data "powerdns_zones" "x" {\n  kind = "Primray"\n}', 'kind', 'is no kind of zone'],
  ])('what is not there is an error that points at the attribute: %s', async (hcl, attribute, words) => {
    lab.workspace.configure(hcl);
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
    expect(flatten(output)).toMatch(new RegExp(`\\d+: ${attribute} += `));
  });

  test('functions are called without a lab.server, and refuse an argument by its name', async () => {
    expect(
      await outputs(`
        output "www" { value = provider::powerdns::fqdn("www", "lab.internal") }
        output "ptr" { value = provider::powerdns::ptr_name("10.20.0.7") }
        output "zone" { value = provider::powerdns::reverse_zone_name("2001:db8::/32") }
      `),
    ).toEqual({
      www: 'www.lab.internal.',
      ptr: '7.0.20.10.in-addr.arpa.',
      zone: '8.b.d.0.1.0.0.2.ip6.arpa.',
    });
    lab.workspace.configure('output "bad" { value = provider::powerdns::reverse_zone_name("10.0.0.0/12") }');
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain('Invalid value for "cidr" parameter');
    expect(flatten(output)).toContain('has no reverse zone of its own');
  });
});
