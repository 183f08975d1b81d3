import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runTerraform } from '../../provider/framework/testkit';
import { Cidr, Fqdn, IpAddress, PowerDns, PowerDnsProvider, Protection } from '../../lib';
import { DnsStack, VmPoolStack } from '../../stacks';
import { describeWith } from '../provider/support/needs';
import { API_KEY, PowerDnsServer } from '../provider/support/power-dns-server';
import { TestSite } from '../support/site';

/** Builds of other providers for tests, in the packed layout of a filesystem mirror. */
const MIRROR = resolve(__dirname, '../../../shared/providers');
const BUILD = 'registry.terraform.io/mmianl/powerdns/terraform-provider-powerdns_2.4.0_linux_amd64.zip';
const present = existsSync(join(MIRROR, BUILD));
const NAME = 'the DNS stack through mmianl/powerdns 2.4.0';

const registry = () => PowerDnsProvider.registry('mmianl/powerdns', { version: '2.4.0' });

/** Writes the stack for so many machines and tells where. */
function synthesise(directory: string, apiUrl: string, count: number, provider = registry()): string {
  const site = new TestSite(directory);
  const pool = new VmPoolStack(site.environment, 'web', { ...site.machine, count, after: [] });
  new DnsStack(site.environment, 'dns', {
    server: new PowerDns(site.environment, 'pdns', {
      apiUrl,
      provider,
    }),
    pools: [pool],
    reverse: [Cidr.of('10.20.0.0/24')],
    nameservers: [{ name: Fqdn.of('ns.test.internal'), address: IpAddress.of('10.20.0.2') }],
    protection: Protection.NONE,
    login: { user: 'ops' },
  });
  return site.synth().folder('dns');
}

function suite(): void {
  let directory: string;
  let server: PowerDnsServer;
  let folder: string;

  async function terraform(...args: string[]): Promise<string> {
    const mirrors = join(directory, 'mirrors.tfrc');
    // The second holds the bundled provider, where synthesis has put it.
    const paths = [MIRROR, join(folder, 'terraform.d/plugins')]
      .filter(existsSync)
      .map((path) => JSON.stringify(path));
    const blocks = paths.map((path) => `  filesystem_mirror {\n    path = ${path}\n  }\n`);
    writeFileSync(mirrors, `provider_installation {\n${blocks.join('')}}\n`);
    const { code, output } = await runTerraform(folder, args, {
      PDNS_API_KEY: API_KEY,
      TF_CLI_CONFIG_FILE: mirrors,
      TF_CLI_ARGS: '-no-color',
    });
    if (code !== 0) throw new Error(`terraform ${args.join(' ')}: ${code}\n${output}`);
    return output;
  }

  beforeEach(async () => {
    ({ directory } = new TestSite());
    server = await PowerDnsServer.start();
  });
  afterEach(async () => {
    await server?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  test('is applied, plans nothing the second time, follows a change, is destroyed', async () => {
    folder = synthesise(directory, server.url, 2);
    await terraform('init', '-input=false');
    await terraform('apply', '-auto-approve');
    const zone = await server.rrsets('test.internal.');
    expect(zone).toEqual({
      'test.internal. NS': ['ns.test.internal.'],
      'test.internal. SOA': [
        expect.stringMatching(/^ns\.test\.internal\. hostmaster\.test\.internal\. \d+ 1200 180 1209600 60$/),
      ],
      'ns.test.internal. A': ['10.20.0.2'],
      'web-0.test.internal. A': ['10.20.0.10'],
      'web-1.test.internal. A': ['10.20.0.11'],
    });
    expect(await server.rrsets('0.20.10.in-addr.arpa.')).toMatchObject({
      '0.20.10.in-addr.arpa. NS': ['ns.test.internal.'],
      '11.0.20.10.in-addr.arpa. PTR': ['web-1.test.internal.'],
    });
    await terraform('plan', '-detailed-exitcode');

    synthesise(directory, server.url, 1);
    await terraform('apply', '-auto-approve');
    expect(await server.rrsets('test.internal.')).not.toHaveProperty(['web-1.test.internal. A']);

    await terraform('destroy', '-auto-approve');
    expect((await server.api('GET', '/zones/test.internal.')).status).toBe(404);
  }, 60_000);

  // The steps of docs/provider-powerdns.md, "In Cloudless".
  test('is handed over to the bundled provider and back, and no record is lost on the way', async () => {
    const zones = () =>
      Promise.all(['test.internal.', '0.20.10.in-addr.arpa.'].map((zone) => withoutSerial(zone)));
    const withoutSerial = async (zone: string) => {
      const rrsets = await server.rrsets(zone);
      return {
        ...rrsets,
        [`${zone} SOA`]: rrsets[`${zone} SOA`]?.map((soa) =>
          soa.split(' ').filter((_part, index) => index !== 2),
        ),
      };
    };
    folder = synthesise(directory, server.url, 1);
    await terraform('init', '-input=false');
    await terraform('apply', '-auto-approve');
    const before = await zones();

    const listed = (await terraform('state', 'list'))
      .split('\n')
      .filter((line) => /^powerdns_record\..*nameservers_/.test(line));
    expect(listed).toHaveLength(2);
    await terraform('state', 'rm', ...listed);
    synthesise(directory, server.url, 1, PowerDnsProvider.bundled());
    await terraform('state', 'replace-provider', '-auto-approve', 'mmianl/powerdns', 'cloudless/powerdns');
    await terraform('init', '-input=false');
    expect(await terraform('apply', '-auto-approve')).toMatch(/0 added, \d changed, 0 destroyed/);
    await terraform('plan', '-detailed-exitcode');
    expect(await zones()).toEqual(before);

    synthesise(directory, server.url, 1);
    await terraform('state', 'replace-provider', '-auto-approve', 'cloudless/powerdns', 'mmianl/powerdns');
    await terraform('init', '-input=false');
    expect(await terraform('apply', '-auto-approve')).toMatch(/2 added, \d changed, 0 destroyed/);
    await terraform('plan', '-detailed-exitcode');
    expect(await zones()).toEqual(before);
  }, 60_000);
}

if (present) describeWith(['terraform', 'pdns_server'], NAME, suite);
else
  describe.skip(`${NAME} (skipped: no build of it in ../shared/providers)`, () =>
    test('is applied', () => undefined));
