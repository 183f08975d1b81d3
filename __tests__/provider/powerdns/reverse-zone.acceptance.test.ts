import { dig } from '../support/dig';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { providerSuite } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server', 'dig'], 'powerdns_reverse_zone and powerdns_ptr_record', () => {
  const lab = providerSuite();
  afterEach(async () => {
    await lab.server.api('DELETE', `/zones/${ZONE}`);
    await lab.server.api('DELETE', '/zones/10.in-addr.arpa.');
  });

  const zone = (attributes: string, label = 'net') =>
    `resource "powerdns_reverse_zone" "${label}" {\n${attributes}\n}\n`;
  const ptr = (address: string, hostname: string, more = '', label = 'web') =>
    `resource "powerdns_ptr_record" "${label}" {\n  ip_address = "${address}"\n  hostname = "${hostname}"\n  ttl = 60\n${more}\n}\n`;
  const NET = 'cidr = "10.20.0.0/16"\nkind = "Native"\nnameservers = ["ns1.lab.internal."]';
  const ZONE = '20.10.in-addr.arpa.';

  test('zones of IPv4 and IPv6 are named after their networks, changed in place and imported', async () => {
    lab.workspace.configure(zone(NET) + zone('cidr = "2001:DB8::/32"\nkind = "Native"', 'six'));
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))[`${ZONE} NS`]).toEqual(['ns1.lab.internal.']);
    expect(lab.workspace.state()['powerdns_reverse_zone.six']!.attributes).toMatchObject({
      id: '8.b.d.0.1.0.0.2.ip6.arpa.',
      name: '8.b.d.0.1.0.0.2.ip6.arpa.',
      parent_zone: null,
      parent_cnames: {},
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    lab.workspace.configure(
      zone(
        'cidr = "10.20.0.0/16"\nkind = "Master"\nnameservers = ["ns2.lab.internal.", "ns1.lab.internal."]',
      ),
    );
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 1 destroyed');
    expect((await lab.server.rrsets(ZONE))[`${ZONE} NS`]).toEqual(['ns1.lab.internal.', 'ns2.lab.internal.']);
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    await lab.workspace.terraform('state', 'rm', 'powerdns_reverse_zone.net');
    expect(await lab.workspace.terraform('import', 'powerdns_reverse_zone.net', ZONE)).toMatchObject({
      code: 0,
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a network smaller than /24 resolves through the CNAMEs of the parent (RFC 2317)', async () => {
    lab.workspace.configure(`
      ${zone('cidr = "192.0.2.0/24"\nkind = "Native"\nnameservers = ["ns1.lab.internal."]', 'parent')}
      ${zone('cidr = "192.0.2.64/30"\nkind = "Native"\nnameservers = ["ns1.lab.internal."]', 'small')}
      resource "powerdns_record" "cname" {
        for_each = powerdns_reverse_zone.small.parent_cnames
        zone     = powerdns_reverse_zone.parent.name
        name     = each.key
        type     = "CNAME"
        ttl      = 60
        records  = [each.value]
      }
      ${ptr('192.0.2.66', 'web.lab.internal.', 'reverse_zone = powerdns_reverse_zone.small.name')}
    `);
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    const { code, output } = await dig(lab.server, '-x', '192.0.2.66');
    expect(code).toBe(0);
    expect(output).toContain('CNAME\t66.64/30.2.0.192.in-addr.arpa.');
    expect(output).toContain('PTR\tweb.lab.internal.');
  });

  test('a zone that exists is not taken over; the error names the import', async () => {
    await lab.server.createZone(ZONE);
    lab.workspace.configure(zone(NET));
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(output).toContain(`terraform import powerdns_reverse_zone.NAME '${ZONE}'`);
    expect(flatten(output)).toMatch(/\d+: cidr = "10.20.0.0\/16"/);
  });

  test('a PTR record is created, changed in place, shows drift, and is imported', async () => {
    const given = 'reverse_zone = powerdns_reverse_zone.net.name';
    lab.workspace.configure(zone(NET) + ptr('10.20.0.7', 'Web.lab.internal.', given));
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))['7.0.20.10.in-addr.arpa. PTR']).toEqual(['web.lab.internal.']);
    expect(lab.workspace.state()['powerdns_ptr_record.web']!.attributes).toMatchObject({
      id: '7.0.20.10.in-addr.arpa.:::PTR',
      name: '7.0.20.10.in-addr.arpa.',
      reverse_zone: ZONE,
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);

    lab.workspace.configure(zone(NET) + ptr('10.20.0.7', 'www.lab.internal.', given));
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    expect((await lab.server.rrsets(ZONE))['7.0.20.10.in-addr.arpa. PTR']).toEqual(['www.lab.internal.']);

    await lab.server.replaceRRset(ZONE, '7.0.20.10.in-addr.arpa.', 'PTR', [
      'a.example.',
      'www.lab.internal.',
    ]);
    expect(await lab.workspace.planIsEmpty()).toBe(false);
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))['7.0.20.10.in-addr.arpa. PTR']).toEqual(['www.lab.internal.']);

    for (const id of ['10.20.0.7', `{"zone":"${ZONE}","id":"7.0.20.10.in-addr.arpa.:::PTR"}`]) {
      await lab.workspace.terraform('state', 'rm', 'powerdns_ptr_record.web');
      expect(await lab.workspace.terraform('import', 'powerdns_ptr_record.web', id)).toMatchObject({
        code: 0,
      });
      expect(await lab.workspace.planIsEmpty()).toBe(true);
    }
  });

  test('without a zone the closest one is found; without any the error says which name was looked for', async () => {
    await lab.server.createZone('10.in-addr.arpa.');
    await lab.server.createZone(ZONE);
    lab.workspace.configure(
      ptr('10.20.0.7', 'web.lab.internal.') + ptr('10.99.0.7', 'far.lab.internal.', '', 'far'),
    );
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))['7.0.20.10.in-addr.arpa. PTR']).toEqual(['web.lab.internal.']);
    expect((await lab.server.rrsets('10.in-addr.arpa.'))['7.0.99.10.in-addr.arpa. PTR']).toEqual([
      'far.lab.internal.',
    ]);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    lab.workspace.configure(ptr('2001:db8::7', 'six.lab.internal.'));
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain('There is no reverse zone for 2001:db8::7');
  });

  test('a PTR record that exists is not overwritten; the error names the import, and the import works', async () => {
    await lab.server.createZone(ZONE);
    await lab.server.replaceRRset(ZONE, '7.0.20.10.in-addr.arpa.', 'PTR', ['theirs.example.']);
    lab.workspace.configure(ptr('10.20.0.7', 'theirs.example.', `reverse_zone = "${ZONE}"`));
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    const [, id = ''] = /terraform import powerdns_ptr_record\.NAME '([^']+)'/.exec(output) ?? [];
    expect(flatten(output)).toContain("It points to 'theirs.example.' and was not touched");
    expect(await lab.workspace.terraform('import', 'powerdns_ptr_record.web', id)).toMatchObject({ code: 0 });
    await lab.server.replaceRRset(ZONE, '7.0.20.10.in-addr.arpa.', 'PTR', ['theirs.example.']);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('the zone of a PTR record may be gone when it is destroyed', async () => {
    await lab.server.createZone(ZONE);
    lab.workspace.configure(ptr('10.20.0.7', 'web.lab.internal.'));
    await lab.workspace.apply();
    await lab.server.api('DELETE', `/zones/${ZONE}`);
    const { code } = await lab.workspace.terraform('destroy', '-auto-approve', '-refresh=false');
    expect(code).toBe(0);
  });
});
