import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { canonicalContent } from '../../../provider/powerdns/contents';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { describeWith } from '../support/needs';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';
import type { Backend } from '../support/power-dns-server';

const ZONE = 'lab.internal.';

/** Spellings that a user may write, by type. Those PowerDNS takes as they are stand among them. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  A: ['192.0.2.1', ' 192.0.2.2 '],
  AAAA: ['2001:0DB8::1', '2001:db8:0:0:0:0:0:2', '64:ff9b::192.0.2.33', '::192.0.2.1', '1:0:0:2:0:0:0:3'],
  AFSDB: ['01 DB.Example.', '1  a.'],
  ALIAS: ['Other.Example.'],
  CAA: ['0 ISSUE "Letsencrypt.org"', '000  issue ";"', `0 issue "${'x'.repeat(300)}"`],
  CDNSKEY: ['0257 3 13 aGVs bG8=', '0 3 0 AA=='],
  CDS: ['060485 5 1 2BB1 83AF'],
  CERT: ['01 00 0 aGVs bG8='],
  CNAME: [' A.B. ', 'a\\.b.c.', 'a\\032b.c.', '\\065.b.'],
  CSYNC: ['066 3 AAAA ns A', '66 3 TYPE1 CAA https TYPE65280 A', '66 3'],
  DHCID: ['AAIB Y2/A'],
  DLV: ['60485 5 1 2BB1'],
  DNAME: ['Other.Example.'],
  DS: ['60485 5 1 2BB183AF 5F22588179A53B0A98631FAD1A292118'],
  EUI48: ['00-11-22-33-44-AA', '00:11:22:33:44:ab'],
  EUI64: ['00-11-22-33-44-55-66-AA'],
  HINFO: ['"PC"   "Linux é"'],
  HTTPS: ['1 . alpn="h3,h2"', '0 Foo.Example.'],
  KEY: ['256 3 13 aGVs bG8='],
  KX: ['010 A.B.'],
  LOC: [
    '51 56 0 N 5 54 0 E 4m',
    '51 N 5 E 4',
    '42 21 54 n 71 06 18 w -24m 30m',
    '0 0 0 N 0 0 0 E 0m',
    '51 56 0.1239 N 5 54 0.000 E 4.567m 25m 123m 0m',
    '90 0 0 S 180 0 0 W 0.00m',
  ],
  LP: ['010 A.B.'],
  LUA: ['A "ifportup(443, {\'192.0.2.1\'})"'],
  MB: ['A.'],
  MG: ['A.'],
  MINFO: ['A.  B.'],
  MR: ['A.'],
  MX: ['010  Mail.Example.', '0 .'],
  NAPTR: ['0100  10 "U" "SIP+E2U" "!^.*$!sip:é@b\\"!" A.B.', '100 10 "" "" "" .'],
  NS: ['NS1.Example.'],
  OPENPGPKEY: ['aGVs bG8='],
  PTR: ['A/B.C.'],
  RP: ['Admin.Example.  Txt.Example.'],
  SMIMEA: ['3 1 1 92AB'],
  SPF: ['"v=spf1"   "-all"'],
  SRV: ['01 2 3 Web.Example.', '0 0 0 .'],
  SSHFP: ['01 1 DD465C09 CFA51FB45020CC83316FFF21B9EC74AC'],
  SVCB: [
    '01  A. port=0443 alpn="h2,h3" ipv6hint=2001:0DB8:0::1,::2 ipv4hint="192.0.2.1"',
    '1 a. mandatory=port,alpn no-default-alpn alpn=h2 port=443',
    '1 a. key65001=x key65000="a \\"b\\"" ech=aGVsbG8=',
  ],
  TLSA: ['03 1 1 9200 3BA3'],
  TXT: ['"a""b"', '"é\\097\\;\ttab"', '""', `"${'x'.repeat(300)}"`, ' "back\\\\slash" '],
  TYPE65280: ['\\#  04 DEAD beef', '\\# 0'],
  URI: ['010  1 "HTTP://A/é"', `10 1 "${'x'.repeat(300)}"`],
  ZONEMD: [
    '2018031500  1 01 FEBE3D4C E2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE',
  ],
};
/** Written in one way, answered with in another that would be refused. */
const ANSWERS: Readonly<Record<string, string>> = { '::c000:201': '::192.0.2.1' };
const CASES = Object.entries(SPELLINGS).flatMap(([type, spellings]) =>
  spellings.map((content, index) => ({ type, content, name: `r${index}.${type.toLowerCase()}.${ZONE}` })),
);

describe.each(['lmdb', 'gsqlite3'] as const)('with %s', (backend) => {
  const programs = ['terraform', 'pdns_server', ...(backend === 'gsqlite3' ? ['sqlite3'] : [])];
  describeWith(programs, 'contents of records', () => suite(backend));
});

function suite(backend: Backend): void {
  let server: PowerDnsServer;
  let workspace: Workspace | undefined;

  beforeAll(async () => {
    server = await PowerDnsServer.start(backend);
  });
  afterAll(() => server.remove());
  beforeEach(() => server.createZone(ZONE));
  afterEach(async () => {
    workspace?.close();
    await server.api('DELETE', `/zones/${ZONE}`);
  });

  test('every spelling is written once, read back as it was meant, and planned no more', async () => {
    const environment = { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY };
    workspace = await attach(powerDnsProvider({ environment }));
    const records = CASES.map(({ type, content, name }) => ({
      zone: ZONE,
      name,
      type,
      ttl: 60,
      records: [content],
    }));
    workspace.configure(`
      locals { records = jsondecode(file("records.json")) }
      resource "powerdns_record" "r" {
        for_each = { for r in local.records : "\${r.name} \${r.type}" => r }
        zone     = each.value.zone
        name     = each.value.name
        type     = each.value.type
        ttl      = each.value.ttl
        records  = each.value.records
      }
    `);
    writeFileSync(join(workspace.directory, 'records.json'), JSON.stringify(records));
    await workspace.apply();
    const found = await server.rrsets(ZONE);
    const expected = CASES.map(({ type, content, name }) => [
      `${name} ${type}`,
      [ANSWERS[canonicalContent(type, content)] ?? canonicalContent(type, content)],
    ]);
    expect(found).toMatchObject(Object.fromEntries(expected));
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('a location anywhere is spelled as the server does', async () => {
    const angle = (limit: number) =>
      fc
        .tuple(
          fc.integer({ min: 0, max: limit - 1 }),
          fc.integer({ min: 0, max: 59 }),
          fc.integer({ min: 0, max: 59_999 }),
        )
        .map(([degrees, minutes, thousandths]) => `${degrees} ${minutes} ${(thousandths / 1000).toFixed(3)}`);
    const location = fc
      .tuple(
        angle(90),
        fc.constantFrom('N', 'S'),
        angle(180),
        fc.constantFrom('E', 'W'),
        fc.integer({ min: -9_999, max: 999_999 }),
      )
      .map(
        ([latitude, ns, longitude, ew, altitude]) =>
          `${latitude} ${ns} ${longitude} ${ew} ${(altitude / 100).toFixed(2)}m`,
      );
    const given = fc.sample(location, { numRuns: 300, seed: 4 });
    const rrsets = given.map((content, index) => ({
      name: `l${index}.${ZONE}`,
      type: 'LOC',
      ttl: 60,
      changetype: 'REPLACE',
      records: [{ content: canonicalContent('LOC', content), disabled: false }],
    }));
    expect(await server.api('PATCH', `/zones/${ZONE}`, { rrsets })).toMatchObject({ status: 204 });
    const found = await server.rrsets(ZONE);
    for (const { name, records } of rrsets) expect(found[`${name} LOC`]).toEqual([records[0]!.content]);
  });
}
