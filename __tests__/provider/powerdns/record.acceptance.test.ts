import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';
import { powerDnsSuite, ZONE } from '../support/power-dns-suite';

describeWith(['terraform', 'pdns_server'], 'powerdns_record', () => {
  const lab = powerDnsSuite();

  /** A record `web` of zone lab.internal. with some attributes changed; values are HCL. */
  function record(changed: Record<string, string> = {}): void {
    const attributes = {
      zone: '"lab.internal."',
      name: '"web.lab.internal."',
      type: '"A"',
      ttl: '60',
      records: '["10.20.0.7"]',
      ...changed,
    };
    const lines = Object.entries(attributes).map(([name, value]) => `  ${name} = ${value}`);
    lab.workspace.configure(`resource "powerdns_record" "web" {\n${lines.join('\n')}\n}\n`);
  }

  async function planError(): Promise<string> {
    const { code, output } = await lab.workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    return flatten(output);
  }

  test('is created as configured, and a second plan is empty', async () => {
    record({ records: '["10.20.0.7", "10.20.0.8"]' });
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.20.0.7', '10.20.0.8']);
    expect(lab.workspace.state()['powerdns_record.web']!.attributes).toMatchObject({
      id: 'web.lab.internal.:::A',
      ttl: 60,
    });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('changes records and time to live in place', async () => {
    record();
    await lab.workspace.apply();
    record({ ttl: '300', records: '["10.20.0.9"]' });
    expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    const { json } = await lab.server.api('GET', `/zones/${ZONE}?rrset_name=web.lab.internal.&rrset_type=A`);
    expect(json.rrsets).toMatchObject([{ ttl: 300, records: [{ content: '10.20.0.9' }] }]);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('is replaced when its name or type changes', async () => {
    record();
    await lab.workspace.apply();
    record({ name: '"www.lab.internal."', type: '"AAAA"', records: '["2001:db8::7"]' });
    const plan = await lab.workspace.terraform('plan', '-no-color');
    expect(plan.output).toMatch(
      /name\s+= "web\.lab\.internal\." -> "www\.lab\.internal\." # forces replacement/,
    );
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 1 destroyed');
    const rrsets = await lab.server.rrsets(ZONE);
    expect(rrsets['web.lab.internal. A']).toBeUndefined();
    expect(rrsets['www.lab.internal. AAAA']).toEqual(['2001:db8::7']);
  });

  test('shows what was changed beside Terraform and puts it back', async () => {
    record();
    await lab.workspace.apply();
    await lab.server.replaceRRset(ZONE, 'web.lab.internal.', 'A', ['10.66.66.66'], 5);
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).toContain('- "10.66.66.66"');
    expect(output).toMatch(/ttl\s+= 5 -> 60/);
    await lab.workspace.apply();
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.20.0.7']);
  });

  test('is created again when it, or its zone, was deleted beside Terraform', async () => {
    record();
    await lab.workspace.apply();
    await lab.server.api('DELETE', `/zones/${ZONE}`);
    await lab.server.createZone(ZONE);
    expect(await lab.workspace.apply()).toContain('1 added, 0 changed, 0 destroyed');
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.20.0.7']);
  });

  test('is destroyed, also when it is gone already', async () => {
    record();
    await lab.workspace.apply();
    await lab.server.replaceRRset(ZONE, 'web.lab.internal.', 'A', []);
    expect((await lab.workspace.terraform('destroy', '-auto-approve', '-refresh=false')).code).toBe(0);
    record();
    await lab.workspace.apply();
    expect((await lab.workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toBeUndefined();
  });

  test('never overwrites an RRset that exists; the error names the import, and the import works', async () => {
    await lab.server.replaceRRset(ZONE, 'web.lab.internal.', 'A', ['10.9.9.9']);
    record();
    const refused = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(refused.code).toBe(1);
    expect(flatten(refused.output)).toContain("It holds '10.9.9.9' and was not touched.");
    expect(refused.output).toContain(
      `terraform import powerdns_record.NAME '{"zone":"lab.internal.","id":"web.lab.internal.:::A"}'`,
    );
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.9.9.9']);

    const id = '{"zone":"lab.internal.","id":"web.lab.internal.:::A"}';
    expect(await lab.workspace.terraform('import', 'powerdns_record.web', id)).toMatchObject({ code: 0 });
    record({ records: '["10.9.9.9"]' });
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('two resources of one RRset: the second is refused in the same apply', async () => {
    const one = (name: string, address: string) =>
      `resource "powerdns_record" "${name}" {
        zone = "lab.internal."
        name = "web.lab.internal."
        type = "A"
        ttl = 60
        records = ["${address}"]
      }\n`;
    lab.workspace.configure(one('a', '10.0.0.1') + one('b', '10.0.0.2'));
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(output).toContain('web.lab.internal. A exists already');
    expect(Object.keys(lab.workspace.state())).toHaveLength(1);
  });

  test('tolerates unknown names and contents at plan', async () => {
    lab.workspace.configure(`
      resource "terraform_data" "later" {
        input = "10.20.0.7"
      }
      resource "powerdns_zone" "sub" {
        name = "sub.internal."
        kind = "Native"
      }
      resource "powerdns_record" "web" {
        zone    = powerdns_zone.sub.id
        name    = "web.\${powerdns_zone.sub.id}"
        type    = "A"
        ttl     = 60
        records = [terraform_data.later.output, "10.20.0.8"]
      }`);
    await lab.workspace.terraform('init');
    await lab.workspace.apply();
    expect((await lab.server.rrsets('sub.internal.'))['web.sub.internal. A']).toEqual([
      '10.20.0.7',
      '10.20.0.8',
    ]);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    expect((await lab.workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
  });

  // Spellings that mean the same: what PowerDNS stores, and no difference afterwards.
  const long = 'x'.repeat(300);
  test.each([
    ['A', '"WEB.Lab.Internal."', '10.20.0.7', '10.20.0.7'],
    ['AAAA', '"web.lab.internal."', '2001:0DB8:0:0::1', '2001:db8::1'],
    ['AAAA', '"web.lab.internal."', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['AAAA', '"web.lab.internal."', '1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['AAAA', '"web.lab.internal."', '::', '::'],
    ['CNAME', '"web.lab.internal."', 'Other.Lab.Internal.', 'other.lab.internal.'],
    ['MX', '"web.lab.internal."', '010  Mail.lab.internal.', '10 mail.lab.internal.'],
    ['SRV', '"_http._tcp.lab.internal."', '0 5  80 WEB.lab.internal.', '0 5 80 web.lab.internal.'],
    ['TXT', '"web.lab.internal."', '"v=spf1 -all"', '"v=spf1 -all"'],
    ['TXT', '"web.lab.internal."', '"a"   "b"', '"a" "b"'],
    ['TXT', '"web.lab.internal."', '"\\065;\\"\\\\ü"', '"A;\\"\\\\\\195\\188"'],
    ['TXT', '"web.lab.internal."', `"${long}"`, `"${'x'.repeat(255)}" "${'x'.repeat(45)}"`],
    ['CAA', '"web.lab.internal."', '0  ISSUE "letsencrypt.org"', '0 issue "letsencrypt.org"'],
    ['SSHFP', '"web.lab.internal."', `4 2 ${'AB'.repeat(32)}`, `4 2 ${'ab'.repeat(32)}`],
    ['TLSA', '"web.lab.internal."', '3 1 1 AB CD', '3 1 1 abcd'],
    ['DS', '"web.lab.internal."', '123 8 2 ABCD', '123 8 2 abcd'],
    ['PTR', '"*.lab.internal."', 'Web.lab.internal.', 'web.lab.internal.'],
    ['HTTPS', '"web.lab.internal."', '1 . alpn=h2,h3 port=443', '1 . alpn=h2,h3 port=443'],
    ['TYPE65000', '"web.lab.internal."', '\\# 2 ABCD', '\\# 2 abcd'],
    ['a', '"web.lab.internal."', '10.20.0.7', '10.20.0.7'],
  ])(
    '%s at %s: %s is stored in canonical form and shows no difference',
    async (type, name, given, stored) => {
      record({ type: JSON.stringify(type), name, records: JSON.stringify([given]) });
      await lab.workspace.apply();
      const owner = `${(JSON.parse(name) as string).toLowerCase()} ${type.toUpperCase()}`;
      expect((await lab.server.rrsets(ZONE))[owner]).toEqual([stored]);
      expect(await lab.workspace.planIsEmpty()).toBe(true);
      record({ type: JSON.stringify(type), name, records: JSON.stringify([stored]) });
      expect(await lab.workspace.planIsEmpty()).toBe(true);
    },
  );

  test.each<[Record<string, string>, string, string]>([
    [{ name: '"web.lab.internal"' }, 'name', "write 'web.lab.internal.' with the final dot"],
    [{ name: '"web.lab.example."' }, 'name', "'web.lab.example.' is not 'lab.internal.' nor below it"],
    [{ name: `"${'y'.repeat(64)}.lab.internal."` }, 'name', 'a label has at most 63'],
    [{ name: '"a.*.lab.internal."' }, 'name', 'a wildcard is the whole first label'],
    [{ name: '"ü.lab.internal."' }, 'name', "'xn--…' for other letters"],
    [{ zone: '"lab"' }, 'zone', "write 'lab.' with the final dot"],
    [{ type: '"SOA"' }, 'type', "use resource 'powerdns_record_soa'"],
    [{ type: '"A B"' }, 'type', 'is no record type'],
    [{ type: '"CNAME"', name: '"lab.internal."', records: '["a.b."]' }, 'type', 'cannot be a CNAME'],
    [{ type: '"CNAME"', records: '["a.b.", "c.d."]' }, 'records', 'A name has one CNAME'],
    [{ type: '"CNAME"', records: '["a.b"]' }, 'records', "write 'a.b.' with the final dot"],
    [{ type: '"PTR"', records: '["a.b"]' }, 'records', "write 'a.b.' with the final dot"],
    [{ type: '"MX"', records: '["mail.lab.internal."]' }, 'records', "the form 'PREFERENCE NAME.'"],
    [
      { type: '"SRV"', records: '["0 5 70000 a.b."]' },
      'records',
      'the port has to be a whole number from 0 to 65535',
    ],
    [{ records: '["10.20.0.300"]' }, 'records', "'10.20.0.300' is no IPv4 address"],
    [{ records: '["10.20.0.07"]' }, 'records', 'is no IPv4 address'],
    [{ type: '"AAAA"', records: '["::ffff:10.0.0.1"]' }, 'records', 'use type A'],
    [{ type: '"TXT"', records: '["v=spf1 -all"]' }, 'records', `write '"v=spf1 -all"'`],
    [{ type: '"TXT"', records: '["\\"open"]' }, 'records', 'has to end on a quote'],
    [
      { type: '"SSHFP"', records: '["4 2 abcd"]' },
      'records',
      'the fingerprint has to have 64 hexadecimal digits',
    ],
    [{ type: '"AAAA"', records: '["::1", "0:0::1"]' }, 'records', 'are the same to the server'],
    [{ records: '[]' }, 'records', 'an RRset has at least one record'],
    [{ ttl: '-1' }, 'ttl', 'it has to be 0 to 2147483647'],
    [{ ttl: '60.5' }, 'ttl', '60.5 is not a whole number'],
    [{ ttl: '9007199254740993' }, 'ttl', '9007199254740993 is not a whole number'],
  ])('refuses at plan, at the attribute: %j', async (changed, attribute, words) => {
    record(changed);
    const output = await planError();
    expect(output).toContain(words);
    expect(output).toMatch(
      new RegExp(`line \\d+, in resource "powerdns_record" "web": \\d+: ${attribute} = `),
    );
  });

  test.each<[string, Record<string, string>, string, string]>([
    [
      'a CNAME beside other data',
      { type: '"CNAME"', records: '["a.b."]', name: '"used.lab.internal."' },
      'name',
      'A CNAME stands alone',
    ],
    [
      'a type the server does not know',
      { type: '"FOO"', records: '["x"]' },
      'type',
      'does not know this type',
    ],
    [
      'a content the server does not take',
      { type: '"IPSECKEY"', records: '["here"]' },
      'records',
      'PowerDNS refused web.lab.internal. IPSECKEY',
    ],
    [
      'a zone that is not there',
      { zone: '"no.internal."', name: '"a.no.internal."' },
      'zone',
      "There is no zone 'no.internal.'",
    ],
  ])('tells at apply, at the attribute, of %s', async (_what, changed, attribute, words) => {
    await lab.server.replaceRRset(ZONE, 'used.lab.internal.', 'A', ['10.0.0.1']);
    record(changed);
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain(words);
    expect(flatten(output)).toMatch(new RegExp(`in resource "powerdns_record" "web": \\d+: ${attribute} = `));
    expect(lab.workspace.state()).toEqual({});
  });

  test('keeps records without serving them', async () => {
    record({ disabled: 'true' });
    await lab.workspace.apply();
    const { json } = await lab.server.api('GET', `/zones/${ZONE}`);
    expect(json.rrsets).toContainEqual(
      expect.objectContaining({ type: 'A', records: [{ content: '10.20.0.7', disabled: true }] }),
    );
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    record();
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).toMatch(/disabled\s+= true -> false/);
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('says where the server keeps no comments', async () => {
    record({ comments: '["ticket 7"]' });
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toContain('This PowerDNS keeps no comments');
    expect(flatten(output)).toMatch(/in resource "powerdns_record" "web": \d+: comments = /);
    record({ comments: '[]' });
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('refuses set_ptr, which PowerDNS has no more', async () => {
    record({ set_ptr: 'true' });
    expect(await planError()).toContain('write a powerdns_ptr_record resource instead');
    record({ set_ptr: 'false' });
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('creates 200 records in one apply and loses none', async () => {
    lab.workspace.configure(`resource "powerdns_record" "vm" {
      count   = 200
      zone    = "lab.internal."
      name    = "vm-\${count.index}.lab.internal."
      type    = "A"
      ttl     = 60
      records = ["10.20.1.\${count.index}"]
    }\n`);
    const { code, output } = await lab.workspace.terraform('apply', '-auto-approve', '-parallelism=50');
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    const names = Object.keys(await lab.server.rrsets(ZONE)).filter((name) => name.startsWith('vm-'));
    expect(names).toHaveLength(200);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    expect((await lab.workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
    expect(Object.keys(await lab.server.rrsets(ZONE))).toEqual(['lab.internal. SOA']);
  });
});

describeWith(
  ['terraform', 'pdns_server', 'sqlite3', 'pdns-backend-sqlite3'],
  'powerdns_record on gsqlite3',
  () => {
    const lab = powerDnsSuite('gsqlite3');

    const record = (more: string, count = 1) =>
      lab.workspace.configure(`resource "powerdns_record" "web" {
      count   = ${count}
      zone    = "lab.internal."
      name    = "web-\${count.index}.lab.internal."
      type    = "A"
      ttl     = 60
      records = ["10.20.0.7"]
      ${more}
    }\n`);

    test('keeps comments, leaves those it was not told about, and takes them out', async () => {
      record('comments = ["ticket 7", "ask Ada"]');
      await lab.workspace.apply();
      expect(await lab.workspace.planIsEmpty()).toBe(true);
      record('');
      expect(await lab.workspace.planIsEmpty()).toBe(true);
      record('disabled = true');
      await lab.workspace.apply();
      const state = () => lab.workspace.state()['powerdns_record.web[0]']!.attributes;
      expect(state().comments).toEqual(['ticket 7', 'ask Ada']);
      record('comments = []');
      expect(await lab.workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
      expect(await lab.workspace.planIsEmpty()).toBe(true);
      record('');
      expect(await lab.workspace.planIsEmpty()).toBe(true);
    });

    test('loses none of 200 records at parallelism 50', async () => {
      record('', 200);
      const { code } = await lab.workspace.terraform('apply', '-auto-approve', '-parallelism=50');
      expect(code).toBe(0);
      const names = Object.keys(await lab.server.rrsets(ZONE)).filter((name) => name.startsWith('web-'));
      expect(names).toHaveLength(200);
      expect(await lab.workspace.planIsEmpty()).toBe(true);
    });
  },
);

describeWith(['terraform', 'pdns_server'], 'powerdns_record_soa', () => {
  let server: PowerDnsServer;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await PowerDnsServer.start();
    await server.createZone(ZONE);
    workspace = await attach(
      powerDnsProvider({ environment: { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY } }),
    );
  });
  afterAll(async () => {
    workspace.close();
    await server.remove();
  });

  const soa = (minimum: number, mname = 'ns1.lab.internal.') =>
    workspace.configure(`resource "powerdns_record_soa" "lab" {
      zone = "lab.internal."
      name = "lab.internal."
      ttl = 3600
      mname = "${mname}"
      rname = "hostmaster.lab.internal."
      refresh = 10800
      retry = 3600
      expire = 604800
      minimum = ${minimum}
    }\n`);

  test('takes over the record the server made, changes it in place and leaves the serial to the server', async () => {
    soa(60);
    await workspace.apply();
    const first = (await server.rrsets(ZONE))['lab.internal. SOA']![0]!.split(' ');
    expect(first.slice(0, 2)).toEqual(['ns1.lab.internal.', 'hostmaster.lab.internal.']);
    expect(first.slice(3)).toEqual(['10800', '3600', '604800', '60']);
    await server.replaceRRset(ZONE, 'a.lab.internal.', 'A', ['10.0.0.1']); // raises the serial
    expect(await workspace.planIsEmpty()).toBe(true);
    soa(30, 'NS2.lab.internal.');
    expect(await workspace.apply()).toContain('0 added, 1 changed, 0 destroyed');
    const second = (await server.rrsets(ZONE))['lab.internal. SOA']![0]!.split(' ');
    expect(second[0]).toBe('ns2.lab.internal.');
    expect(second[6]).toBe('30');
    expect(Number(second[2])).toBeGreaterThan(Number(first[2]));
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('is imported by the name of its zone', async () => {
    await workspace.terraform('state', 'rm', 'powerdns_record_soa.lab');
    expect(await workspace.terraform('import', 'powerdns_record_soa.lab', 'lab.internal.')).toMatchObject({
      code: 0,
    });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('leaves the record when it is destroyed', async () => {
    expect((await workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
    expect((await server.rrsets(ZONE))['lab.internal. SOA']).toHaveLength(1);
  });
});
