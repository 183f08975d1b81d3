import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import { FaultyProxy } from '../support/faulty-proxy';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';

const ZONE = 'lab.internal.';
const RECORD = `resource "powerdns_record" "web" {
  zone    = "lab.internal."
  name    = "web.lab.internal."
  type    = "A"
  ttl     = 60
  records = ["10.20.0.7"]
}
`;
/** Short enough for a test, long enough for a few tries. */
const RETRY = { limitMs: 1_500, firstPauseMs: 20, longestPauseMs: 100 };

describeWith(['terraform', 'pdns_server'], 'a PowerDNS that does not answer as it should', () => {
  let server: PowerDnsServer;
  let proxy: FaultyProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await PowerDnsServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    await server.createZone(ZONE);
    proxy = await FaultyProxy.before(server.url);
    workspace = await use({});
  });
  afterEach(async () => {
    workspace.close();
    proxy.close();
    await server.api('DELETE', `/zones/${ZONE}`);
  });

  async function use(environment: Record<string, string>): Promise<Workspace> {
    const given = { PDNS_SERVER_URL: proxy.url, PDNS_API_KEY: API_KEY, ...environment };
    const made = await attach(powerDnsProvider({ environment: given, retry: RETRY }));
    made.configure(RECORD);
    return made;
  }

  const run = async (command: 'plan' | 'apply', ...args: string[]) => {
    const approve = command === 'apply' ? ['-auto-approve'] : [];
    const { code, output } = await workspace.terraform(command, '-no-color', ...approve, ...args);
    return { code, output: flatten(output) };
  };
  const stored = () => readFileSync(join(workspace.directory, 'terraform.tfstate'), 'utf8');

  test.each([
    ['answers 500 three times', { status: 500 }],
    ['answers 503 three times', { status: 503 }],
    ['answers 429 three times', { status: 429 }],
    ['drops three connections', 'cut before'],
    ['does it three times and loses the answer', 'cut after'],
  ] as const)('a write succeeds when the server %s', async (_what, fault) => {
    proxy.spoilNext(3, 'PATCH', fault);
    await workspace.apply();
    expect(proxy.requests.filter((request) => request.startsWith('PATCH'))).toHaveLength(4);
    expect((await server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.20.0.7']);
    proxy.spoilNext(3, 'GET', fault);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('a zone whose creation was done but not answered is not taken for somebody else’s', async () => {
    workspace.configure('resource "powerdns_zone" "new" {\n  name = "new.internal."\n  kind = "Native"\n}\n');
    proxy.spoilNext(1, 'POST', 'cut after');
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
    expect((await workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
  });

  test('somebody else’s zone is not taken for our own after a failed try', async () => {
    workspace.configure('resource "powerdns_zone" "lab" {\n  name = "lab.internal."\n  kind = "Native"\n}\n');
    proxy.spoilNext(1, 'POST', { status: 503 });
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain("Zone 'lab.internal.' exists already");
    expect(workspace.state()).toEqual({});
  });

  test('an API that answers 500 for good is an error within the time limit, and nothing leaves the state', async () => {
    await workspace.apply();
    const before = stored();
    proxy.spoil(() => ({ status: 500, body: 'database is locked' }));
    const started = Date.now();
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(Date.now() - started).toBeLessThan(RETRY.limitMs + 2_000);
    expect(output).toContain(`GET ${proxy.url}/api/v1/servers/localhost/zones/lab.internal.`);
    expect(output).toContain('answered 500: database is locked');
    expect(output).toContain('Nothing was taken out of the state');
    expect((await run('apply')).code).toBe(1);
    expect(stored()).toBe(before);
    proxy.heal();
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('a server that is down during plan is said so, and nothing leaves the state', async () => {
    await workspace.apply();
    const before = stored();
    await server.down();
    const behindProxy = await run('plan');
    expect(behindProxy.code).toBe(1);
    expect(behindProxy.output).toContain('answered 502');
    proxy.close();
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain('PowerDNS cannot be reached');
    expect(output).toContain('the connection was refused');
    expect(output).toContain('Check that the server runs with api=yes');
    expect(stored()).toBe(before);
    await server.up();
  });

  test('a server killed and started again in the middle of an apply loses nothing', async () => {
    workspace.close();
    workspace = await attach(
      powerDnsProvider({
        environment: { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY },
        retry: { limitMs: 10_000, firstPauseMs: 50, longestPauseMs: 500 },
      }),
    );
    workspace.configure(
      RECORD.replace('zone ', 'count = 60\n  zone ').replace('"web.lab', '"web-${count.index}.lab'),
    );
    const applying = workspace.apply();
    // Wait until some of it is there.
    while (Object.keys(await server.rrsets(ZONE)).length < 10)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await server.down();
    await server.up();
    await applying;
    expect(Object.keys(await server.rrsets(ZONE)).filter((name) => name.startsWith('web-'))).toHaveLength(60);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('a refused key is said to be one, with where it comes from and without what it is', async () => {
    await workspace.apply();
    const before = stored();
    workspace.close();
    workspace = await use({ PDNS_API_KEY: 'wrong-secret-key' });
    workspace.configure(RECORD);
    const fromEnvironment = await run('apply');
    expect(fromEnvironment.code).toBe(1);
    expect(fromEnvironment.output).toContain('PowerDNS refused the API key');
    expect(fromEnvironment.output).toContain('The key comes from PDNS_API_KEY in the environment');
    workspace.configure(`provider "powerdns" {\n  api_key = "wrong-secret-key"\n}\n${RECORD}`);
    const fromAttribute = await run('apply');
    expect(fromAttribute.output).toContain('The key comes from api_key of the provider');
    expect(fromEnvironment.output + fromAttribute.output).not.toContain('wrong-secret-key');
    expect(before).not.toContain(API_KEY);
  });

  test('a key that the answer repeats is taken out of the message', async () => {
    proxy.spoil(() => ({ status: 400, body: `bad header X-API-Key: ${API_KEY}` }));
    const { output } = await run('apply');
    expect(output).toContain('bad header X-API-Key: (key)');
    expect(output).not.toContain(API_KEY);
  });

  test.each([
    [
      'a page of a proxy',
      { status: 200, body: '<html><h1>Sign in</h1></html>', contentType: 'text/html' },
      'Sign in',
    ],
    ['a redirection', { status: 302, body: '' }, 'answered 302'],
    [
      'JSON that is cut off',
      { status: 200, body: '{"name": "lab', contentType: 'application/json' },
      'not one of PowerDNS',
    ],
    [
      'not found from something else',
      { status: 404, body: 'nope' },
      'There is no PowerDNS API at this address',
    ],
  ])('%s is an error, not an empty zone', async (_what, fault, words) => {
    await workspace.apply();
    const before = stored();
    proxy.spoil(() => fault);
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain(words);
    expect(stored()).toBe(before);
  });

  test('a page of a proxy is no success of a write', async () => {
    proxy.spoil((method) =>
      method === 'PATCH' ? { status: 200, body: '<html></html>', contentType: 'text/html' } : undefined,
    );
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain('The answer is not one of PowerDNS');
    expect(workspace.state()).toEqual({});
  });

  test('a failed update keeps the old state, and the next apply finishes it', async () => {
    await workspace.apply();
    workspace.configure(RECORD.replace('10.20.0.7', '10.20.0.8'));
    proxy.spoil((method) => (method === 'PATCH' ? { status: 500 } : undefined));
    expect((await run('apply')).code).toBe(1);
    expect(workspace.state()['powerdns_record.web']!.attributes.records).toEqual(['10.20.0.7']);
    proxy.heal();
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('a failed deletion keeps the resource in the state', async () => {
    await workspace.apply();
    proxy.spoil((method) => (method === 'PATCH' ? { status: 500 } : undefined));
    const { code } = await workspace.terraform('destroy', '-auto-approve');
    expect(code).toBe(1);
    expect(Object.keys(workspace.state())).toEqual(['powerdns_record.web']);
  });

  test('writes are never made in parallel, not even to different zones', async () => {
    workspace.configure(`
      ${RECORD.replace('zone ', 'count = 30\n  zone ').replace('"web.lab', '"web-${count.index}.lab')}
      resource "powerdns_zone" "more" {
        count       = 10
        name        = "more-\${count.index}.internal."
        kind        = "Native"
        nameservers = ["ns.lab.internal."]
      }`);
    await workspace.apply();
    expect(proxy.requests.filter((request) => request.startsWith('PATCH'))).toHaveLength(30);
    expect(proxy.requests.filter((request) => request.startsWith('POST'))).toHaveLength(10);
    expect(proxy.mostParallelWrites).toBe(1);
  });

  test('a server that is made in the same run need not be known at plan', async () => {
    workspace.configure(`
      resource "terraform_data" "server" {
        input = "${proxy.url}"
      }
      provider "powerdns" {
        server_url = terraform_data.server.output
      }
      ${RECORD}`);
    await workspace.terraform('init');
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
    // The server is replaced: the record is kept until the new one is known.
    const { code, output } = await run('plan', '-replace=terraform_data.server');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('1 to add, 0 to change, 1 to destroy');
  });

  test.each([
    ['ftp://127.0.0.1', "its scheme is 'ftp'"],
    ['http://user:secret@127.0.0.1', 'it holds a user name or password'],
    ['http://', 'it is no URL'],
  ])('refuses the server URL %s', async (url, words) => {
    workspace.configure(`provider "powerdns" {\n  server_url = "${url}"\n}\n${RECORD}`);
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain(words);
    expect(output).toContain('in provider "powerdns"');
  });

  test('asks for the server where none is given', async () => {
    workspace.close();
    workspace = await use({ PDNS_SERVER_URL: '' });
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain('Set server_url of the provider, or PDNS_SERVER_URL in the environment');
  });
});
