import { attach } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { describeWith } from '../support/needs';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';

/** A value that Terraform knows after apply only. */
const later = (name: string, value: string) =>
  `resource "terraform_data" "${name}" {\n  input = "${value}"\n}\n`;

describeWith(['terraform', 'pdns_server'], 'values that are known after apply', () => {
  let server: PowerDnsServer;

  beforeAll(async () => {
    server = await PowerDnsServer.start();
  });
  afterAll(() => server.remove());

  test('are waited for by every resource and data source', async () => {
    const environment = { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY };
    const workspace = await attach(powerDnsProvider({ environment }));
    try {
      workspace.configure(`
        ${later('zone', 'Lab.Internal.')}
        ${later('kind', 'Primary')}
        ${later('cidr', '10.20.0.0/16')}
        ${later('address', '10.20.0.7')}
        ${later('algorithm', 'ed25519')}
        ${later('metadata', 'ALSO-NOTIFY')}
        ${later('nsec3', '1 0 0 -')}
        resource "powerdns_zone" "lab" {
          name        = terraform_data.zone.output
          kind        = terraform_data.kind.output
          nameservers = ["ns1.\${terraform_data.zone.output}"]
          dnssec      = terraform_data.kind.output == "Primary"
          nsec3param  = terraform_data.nsec3.output
        }
        resource "powerdns_record" "web" {
          zone    = powerdns_zone.lab.name
          name    = "web.\${powerdns_zone.lab.name}"
          type    = "A"
          ttl     = 60
          records = [terraform_data.address.output]
        }
        resource "powerdns_record" "alias" {
          zone    = powerdns_zone.lab.name
          name    = "www.\${powerdns_zone.lab.name}"
          type    = "CNAME"
          ttl     = 60
          records = [powerdns_record.web.name]
        }
        resource "powerdns_reverse_zone" "net" {
          cidr = terraform_data.cidr.output
          kind = terraform_data.kind.output
        }
        resource "powerdns_ptr_record" "web" {
          ip_address   = terraform_data.address.output
          hostname     = powerdns_record.web.name
          ttl          = 60
          reverse_zone = powerdns_reverse_zone.net.name
        }
        resource "powerdns_cryptokey" "more" {
          zone      = powerdns_zone.lab.name
          algorithm = terraform_data.algorithm.output
          active    = false
        }
        resource "powerdns_tsigkey" "transfer" {
          name = terraform_data.zone.output
        }
        resource "powerdns_zone_metadata" "notify" {
          zone     = powerdns_zone.lab.name
          kind     = terraform_data.metadata.output
          metadata = [terraform_data.address.output]
        }
        data "powerdns_zone" "lab" {
          name = powerdns_zone.lab.id
        }
        data "powerdns_record" "web" {
          zone = powerdns_zone.lab.id
          name = powerdns_record.web.name
          type = "A"
        }
      `);
      await workspace.apply();
      expect(await workspace.planIsEmpty()).toBe(true);
      expect((await server.rrsets('20.10.in-addr.arpa.'))['7.0.20.10.in-addr.arpa. PTR']).toEqual([
        'web.lab.internal.',
      ]);
      expect(await workspace.terraform('destroy', '-auto-approve')).toMatchObject({ code: 0 });
    } finally {
      workspace.close();
    }
  });
});
