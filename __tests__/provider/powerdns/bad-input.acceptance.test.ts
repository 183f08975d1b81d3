import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';

const ZONE = 'lab.internal.';
const LABEL_OF_64 = 'x'.repeat(64);

const block = (attributes: Readonly<Record<string, unknown>>) =>
  Object.entries(attributes)
    .map(([name, value]) => `  ${name} = ${JSON.stringify(value)}\n`)
    .join('');
const record = (changed: Readonly<Record<string, unknown>>, label = 'bad') =>
  `resource "powerdns_record" "${label}" {\n${block({ zone: ZONE, name: `web.${ZONE}`, type: 'A', ttl: 60, records: ['192.0.2.1'], ...changed })}}\n`;
const zone = (changed: Readonly<Record<string, unknown>>) =>
  `resource "powerdns_zone" "bad" {\n${block({ name: 'other.internal.', kind: 'Native', ...changed })}}\n`;

interface Refused {
  readonly row: string;
  readonly hcl: string;
  /** The attribute Terraform points at. */
  readonly attribute: string;
  readonly words: string;
}
/** What an administrator gets wrong, and PowerDNS answers to only at apply, or not at all. */
const REFUSED: readonly Refused[] = [
  {
    row: 'record name without final dot',
    hcl: record({ name: 'x.lab.internal' }),
    attribute: 'name',
    words: "write 'x.lab.internal.' with the final dot",
  },
  {
    row: 'zone name without final dot',
    hcl: zone({ name: 'other.internal' }),
    attribute: 'name',
    words: "write 'other.internal.' with the final dot",
  },
  {
    row: 'name outside zone',
    hcl: record({ name: 'web.other.internal.' }),
    attribute: 'name',
    words: "'web.other.internal.' is not 'lab.internal.' nor below it",
  },
  ...(
    [
      ['PTR', 'web.lab.internal'],
      ['CNAME', 'web.lab.internal'],
      ['MX', '10 mail.lab.internal'],
      ['SRV', '1 2 443 web.lab.internal'],
    ] as const
  ).map(([type, content]) => ({
    row: `${type} content without final dot`,
    hcl: record({ type, records: [content] }),
    attribute: 'records',
    words: 'with the final dot',
  })),
  {
    row: 'CNAME beside other data',
    hcl: record({}, 'other') + record({ type: 'CNAME', records: ['a.lab.internal.'] }),
    attribute: 'name',
    words: 'A CNAME stands alone',
  },
  {
    row: 'CNAME at the apex',
    hcl: record({ name: ZONE, type: 'CNAME', records: ['a.lab.internal.'] }),
    attribute: 'type',
    words: 'The zone itself cannot be a CNAME',
  },
  {
    row: 'bad IPv4',
    hcl: record({ records: ['192.0.2'] }),
    attribute: 'records',
    words: 'is no IPv4 address',
  },
  {
    row: 'unquoted TXT',
    hcl: record({ type: 'TXT', records: ['v=spf1 -all'] }),
    attribute: 'records',
    words: `write '"v=spf1 -all"'`,
  },
  {
    row: 'duplicate record in an RRset, spelled in two ways',
    hcl: record({ type: 'AAAA', records: ['2001:db8::1', '2001:DB8:0::1'] }),
    attribute: 'records',
    words: 'are the same to the server',
  },
  {
    row: 'label of 64 octets',
    hcl: record({ name: `${LABEL_OF_64}.${ZONE}` }),
    attribute: 'name',
    words: 'a label has at most 63',
  },
  {
    row: 'odd number of hexadecimal digits in SSHFP',
    hcl: record({ type: 'SSHFP', records: ['1 1 dd4'] }),
    attribute: 'records',
    words: 'even number of hexadecimal digits',
  },
  {
    row: 'empty value of CAA, which ends PowerDNS 4.7',
    hcl: record({ type: 'CAA', records: ['0 issue ""'] }),
    attribute: 'records',
    words: 'for nobody',
  },
  {
    row: 'time to live below 0',
    hcl: record({ ttl: -1 }),
    attribute: 'ttl',
    words: '0 to 2147483647',
  },
  { row: 'SOA as a record', hcl: record({ type: 'SOA' }), attribute: 'type', words: 'powerdns_record_soa' },
  {
    row: 'metadata that is a setting of the zone',
    hcl: `resource "powerdns_zone_metadata" "bad" {\n${block({ zone: ZONE, kind: 'SOA-EDIT-API', metadata: ['EPOCH'] })}}`,
    attribute: 'kind',
    words: "set 'soa_edit_api' of the powerdns_zone",
  },
  {
    row: 'address outside the reverse zone',
    hcl: `resource "powerdns_ptr_record" "bad" {\n${block({ ip_address: '10.20.0.7', hostname: 'a.', ttl: 60, reverse_zone: '21.10.in-addr.arpa.' })}}`,
    attribute: 'reverse_zone',
    words: 'does not belong to the reverse zone',
  },
  {
    row: 'network without a reverse zone',
    hcl: `resource "powerdns_reverse_zone" "bad" {\n${block({ cidr: '10.20.0.0/20', kind: 'Native' })}}`,
    attribute: 'cidr',
    words: 'has no reverse zone of its own',
  },
  {
    row: 'RSA key without a size',
    hcl: `resource "powerdns_cryptokey" "bad" {\n${block({ zone: ZONE, algorithm: 'rsasha256' })}}`,
    attribute: 'algorithm',
    words: 'An RSA key has a size',
  },
  {
    row: 'NSEC3 of a zone that is not signed',
    hcl: zone({ dnssec: false, nsec3param: '1 0 0 -' }),
    attribute: 'nsec3param',
    words: 'belongs to a signed zone',
  },
  {
    row: 'salt of NSEC3 that ends in a 500',
    hcl: zone({ dnssec: true, nsec3param: '1 0 1 zz' }),
    attribute: 'nsec3param',
    words: 'hexadecimal digits',
  },
];

/** What PowerDNS would store in another spelling than it was given: no difference in any later plan. */
const CORRECTED: readonly (readonly [row: string, changed: Readonly<Record<string, unknown>>])[] = [
  ['upper-case name', { name: 'WEB.Lab.Internal.' }],
  ['upper-case type', { type: 'a' }],
  ['IPv6 in its long form', { type: 'AAAA', records: ['2001:0DB8:0:0:0:0:0:1'] }],
  ['upper-case SSHFP', { type: 'SSHFP', records: ['1 1 DD465C09CFA51FB45020CC83316FFF21B9EC74AC'] }],
  ['text of more than 255 octets', { type: 'TXT', records: [`"${'x'.repeat(300)}"`] }],
  ['text with an escape that is not needed', { type: 'TXT', records: ['"a\\;b"'] }],
  ['underscore in the name of a host', { name: '_host.lab.internal.' }],
  ['time to live of 0', { ttl: 0 }],
];

describeWith(['terraform', 'pdns_server'], 'bad input to PowerDNS', () => {
  let server: PowerDnsServer;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await PowerDnsServer.start();
    await server.createZone(ZONE);
    const environment = { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY };
    workspace = await attach(powerDnsProvider({ environment }));
  });
  afterAll(async () => {
    workspace.close();
    await server.remove();
  });

  test.each(REFUSED)('is refused at plan: $row', async ({ hcl, attribute, words }) => {
    workspace.configure(hcl);
    const { code, output } = await workspace.terraform('plan', '-no-color');
    expect(code).toBe(1);
    const flat = flatten(output);
    expect(flat).toContain(words);
    expect(flat).toMatch(new RegExp(`line \\d+, in resource "powerdns_\\w+" "\\w+": \\d+: ${attribute} +=`));
  });

  test('is corrected to what the server keeps, and the next plan is empty', async () => {
    const hcl = CORRECTED.map(([, changed], index) =>
      record({ name: `r${index}.${ZONE}`, ...changed }, `r${index}`),
    );
    workspace.configure(hcl.join(''));
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
    expect(Object.keys(await server.rrsets(ZONE))).toEqual(
      expect.arrayContaining(['web.lab.internal. A', '_host.lab.internal. A', 'r1.lab.internal. A']),
    );
    expect(await workspace.terraform('destroy', '-auto-approve')).toMatchObject({ code: 0 });
  });
});
