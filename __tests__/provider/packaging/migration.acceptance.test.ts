import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { platform } from '../../../lab/providers/provider-plugin';
import { readState, runTerraform } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';
import { mirrorOf } from './support/engine';

const ROOT = resolve(__dirname, '../../..');
const BUILD = resolve(
  ROOT,
  '../shared/providers/registry.terraform.io/mmianl/powerdns/terraform-provider-powerdns_2.4.0_linux_amd64.zip',
);
const NAME = 'a configuration and a state of mmianl/powerdns 2.4.0';

const CONFIGURATION = `
resource "powerdns_zone" "lab" {
  name    = "lab.internal."
  kind    = "Native"
  account = "admin" # what mmianl/powerdns writes when nothing is said
}

resource "powerdns_record" "nameservers" {
  zone    = powerdns_zone.lab.name
  name    = "lab.internal."
  type    = "NS"
  ttl     = 3600
  records = ["ns1.lab.internal."]
}

resource "powerdns_record" "web" {
  zone    = powerdns_zone.lab.name
  name    = "web.lab.internal."
  type    = "A"
  ttl     = 60
  records = ["10.20.0.8", "10.20.0.7"]
}

resource "powerdns_record" "policy" {
  zone    = powerdns_zone.lab.name
  name    = "lab.internal."
  type    = "TXT"
  ttl     = 60
  records = ["\\"v=spf1 -all\\""]
}

resource "powerdns_record_soa" "lab" {
  zone    = powerdns_zone.lab.name
  name    = "lab.internal."
  ttl     = 3600
  mname   = "ns1.lab.internal."
  rname   = "hostmaster.lab.internal."
  refresh = 1200
  retry   = 180
  expire  = 1209600
  minimum = 60
}

resource "powerdns_zone_metadata" "notify" {
  zone     = powerdns_zone.lab.name
  kind     = "ALSO-NOTIFY"
  metadata = ["192.0.2.1"]
}

resource "powerdns_reverse_zone" "four" {
  cidr        = "10.20.0.0/16"
  kind        = "Master"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_reverse_zone" "six" {
  cidr        = "2001:db8::/32"
  kind        = "Master"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_ptr_record" "four" {
  ip_address   = "10.20.0.7"
  hostname     = "web.lab.internal."
  ttl          = 60
  reverse_zone = powerdns_reverse_zone.four.name
}

resource "powerdns_ptr_record" "six" {
  ip_address   = "2001:db8::7"
  hostname     = "web.lab.internal."
  ttl          = 60
  reverse_zone = powerdns_reverse_zone.six.name
}
`;

function suite(): void {
  let directory: string;
  let server: PowerDnsServer;
  let cliConfig: string;

  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-migration-')));
    execFileSync(process.execPath, ['provider/release.mjs', '--output', join(directory, 'release')], {
      cwd: ROOT,
      stdio: 'pipe',
    });
    const zip = `powerdns/0.1.0/terraform-provider-powerdns_0.1.0_${platform()}.zip`;
    cliConfig = mirrorOf(directory, {
      'cloudless/powerdns': join(directory, 'release', zip),
      'mmianl/powerdns': BUILD,
    });
    server = await PowerDnsServer.start();
  });
  afterAll(async () => {
    await server?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const requireProvider = (source: string) =>
    writeFileSync(
      join(directory, 'required.tf'),
      `terraform {\n  required_providers {\n    powerdns = { source = "${source}" }\n  }\n}\n`,
    );
  async function terraform(...args: string[]): Promise<void> {
    const { code, output } = await runTerraform(directory, [...args, '-no-color'], {
      TF_CLI_CONFIG_FILE: cliConfig,
      PDNS_SERVER_URL: server.url,
      PDNS_API_KEY: API_KEY,
    });
    if (code !== 0) throw new Error(`terraform ${args.join(' ')}: ${code}\n${output}`);
  }

  test('is taken over with `terraform state replace-provider`: the next plan is empty', async () => {
    writeFileSync(join(directory, 'main.tf'), CONFIGURATION);
    requireProvider('mmianl/powerdns');
    await terraform('init', '-input=false');
    await terraform('apply', '-auto-approve');
    const before = await server.rrsets('lab.internal.');

    requireProvider('cloudless/powerdns');
    await terraform('state', 'replace-provider', '-auto-approve', 'mmianl/powerdns', 'cloudless/powerdns');
    await terraform('init', '-input=false');
    await terraform('plan', '-detailed-exitcode', '-input=false');
    expect(Object.keys(readState(directory))).toHaveLength(10);
    expect(await server.rrsets('lab.internal.')).toEqual(before);
  }, 60_000);
}

if (existsSync(BUILD)) describeWith(['terraform', 'pdns_server'], NAME, suite);
else
  describe.skip(`${NAME} (skipped: no build of it in ../shared/providers)`, () =>
    test('is taken over with `terraform state replace-provider`', () => undefined));
