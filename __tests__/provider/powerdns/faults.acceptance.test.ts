import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY } from '../support/power-dns-server';
import { powerDnsSuite, ZONE } from '../support/power-dns-suite';

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
  const lab = powerDnsSuite('lmdb', { retry: RETRY });
  beforeEach(() => lab.workspace.configure(RECORD));

  const run = async (command: 'plan' | 'apply', ...args: string[]) => {
    const approve = command === 'apply' ? ['-auto-approve'] : [];
    const { code, output } = await lab.workspace.terraform(command, '-no-color', ...approve, ...args);
    return { code, output: flatten(output) };
  };
  const stored = () => readFileSync(join(lab.workspace.directory, 'terraform.tfstate'), 'utf8');

  test.each([
    ['answers 500 three times', { status: 500 }],
    ['answers 503 three times', { status: 503 }],
    ['answers 429 three times', { status: 429 }],
    ['drops three connections', 'cut before'],
    ['does it three times and loses the answer', 'cut after'],
  ] as const)('a write succeeds when the server %s', async (_what, fault) => {
    lab.proxy.spoilNext(3, 'PATCH', fault);
    await lab.workspace.apply();
    expect(lab.proxy.requests.filter((request) => request.startsWith('PATCH'))).toHaveLength(4);
    expect((await lab.server.rrsets(ZONE))['web.lab.internal. A']).toEqual(['10.20.0.7']);
    lab.proxy.spoilNext(3, 'GET', fault);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a zone whose creation was done but not answered is not taken for somebody else’s', async () => {
    lab.workspace.configure(
      'resource "powerdns_zone" "new" {\n  name = "new.internal."\n  kind = "Native"\n}\n',
    );
    lab.proxy.spoilNext(1, 'POST', 'cut after');
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    expect((await lab.workspace.terraform('destroy', '-auto-approve')).code).toBe(0);
  });

  test('somebody else’s zone is not taken for our own after a failed try', async () => {
    lab.workspace.configure(
      'resource "powerdns_zone" "lab" {\n  name = "lab.internal."\n  kind = "Native"\n}\n',
    );
    lab.proxy.spoilNext(1, 'POST', { status: 503 });
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain("Zone 'lab.internal.' exists already");
    expect(lab.workspace.state()).toEqual({});
  });

  test('an API that answers 500 for good is an error within the time limit, and nothing leaves the state', async () => {
    await lab.workspace.apply();
    const before = stored();
    lab.proxy.spoil(() => ({ status: 500, body: 'database is locked' }));
    const started = Date.now();
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(Date.now() - started).toBeLessThan(RETRY.limitMs + 2_000);
    expect(output).toContain(`GET ${lab.proxy.url}/api/v1/servers/localhost/zones/lab.internal.`);
    expect(output).toContain('answered 500: database is locked');
    expect(output).toContain('Nothing was taken out of the state');
    expect((await run('apply')).code).toBe(1);
    expect(stored()).toBe(before);
    lab.proxy.heal();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a server that is down during plan is said so, and nothing leaves the state', async () => {
    await lab.workspace.apply();
    const before = stored();
    await lab.server.down();
    const behindProxy = await run('plan');
    expect(behindProxy.code).toBe(1);
    expect(behindProxy.output).toContain('answered 502');
    lab.proxy.close();
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain('PowerDNS cannot be reached');
    expect(output).toContain('the connection was refused');
    expect(output).toContain('Check that the server runs with api=yes');
    expect(stored()).toBe(before);
    await lab.server.up();
  });

  test('a server killed and started again in the middle of an apply loses nothing', async () => {
    await lab.use({}, { retry: { limitMs: 10_000, firstPauseMs: 50, longestPauseMs: 500 } });
    lab.workspace.configure(
      RECORD.replace('zone ', 'count = 300\n  zone ').replace('"web.lab', '"web-${count.index}.lab'),
    );
    const applying = lab.workspace.apply();
    // Wait until some of it is there.
    while (Object.keys(await lab.server.rrsets(ZONE)).length < 10)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await lab.server.down();
    await lab.server.up();
    await applying;
    expect(Object.keys(await lab.server.rrsets(ZONE)).filter((name) => name.startsWith('web-'))).toHaveLength(
      300,
    );
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a server that does not come back in time leaves an apply that the next one finishes', async () => {
    lab.workspace.configure(
      RECORD.replace('zone ', 'count = 300\n  zone ').replace('"web.lab', '"web-${count.index}.lab'),
    );
    let writes = 0;
    // The third batch is written and its answer lost; then there is no server any more.
    lab.proxy.spoil((method) => {
      if (method === 'PATCH') writes++;
      if (writes < 3) return undefined;
      return writes === 3 && method === 'PATCH' ? 'cut after' : 'cut before';
    });
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain('PowerDNS cannot be reached');
    const names = async () =>
      Object.keys(await lab.server.rrsets(ZONE)).filter((name) => name.startsWith('web-'));
    const written = await names();
    expect(written.length).toBeGreaterThan(0);
    expect(written.length).toBeLessThan(300);
    // Nothing that was written is missing from the state.
    const known = Object.values(lab.workspace.state()).map(
      ({ attributes }) => `${String(attributes.name)} A`,
    );
    expect(written.filter((name) => !known.includes(name))).toEqual([]);
    lab.proxy.heal();
    await lab.workspace.apply();
    expect(await names()).toHaveLength(300);
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a state file of the version before is read, without a change', async () => {
    await lab.workspace.apply();
    const file = join(lab.workspace.directory, 'terraform.tfstate');
    const state = JSON.parse(readFileSync(file, 'utf8')) as {
      resources: { instances: { attributes: Record<string, unknown> }[] }[];
    };
    const [instance] = state.resources[0]!.instances;
    const { disabled, comments, set_ptr, ...before } = instance!.attributes;
    expect({ disabled, comments, set_ptr }).toEqual({ disabled: false, comments: null, set_ptr: null });
    instance!.attributes = before;
    writeFileSync(file, JSON.stringify(state));
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a refused key is said to be one, with where it comes from and without what it is', async () => {
    await lab.workspace.apply();
    const before = stored();
    await lab.use({ PDNS_API_KEY: 'wrong-secret-key' });
    lab.workspace.configure(RECORD);
    const fromEnvironment = await run('apply');
    expect(fromEnvironment.code).toBe(1);
    expect(fromEnvironment.output).toContain('PowerDNS refused the API key');
    expect(fromEnvironment.output).toContain('The key comes from PDNS_API_KEY in the environment');
    lab.workspace.configure(`provider "powerdns" {\n  api_key = "wrong-secret-key"\n}\n${RECORD}`);
    const fromAttribute = await run('apply');
    expect(fromAttribute.output).toContain('The key comes from api_key of the provider');
    expect(fromEnvironment.output + fromAttribute.output).not.toContain('wrong-secret-key');
    expect(before).not.toContain(API_KEY);
  });

  test('a key that the answer repeats is taken out of the message', async () => {
    lab.proxy.spoil(() => ({ status: 400, body: `bad header X-API-Key: ${API_KEY}` }));
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
    await lab.workspace.apply();
    const before = stored();
    lab.proxy.spoil(() => fault);
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain(words);
    expect(stored()).toBe(before);
  });

  test('a page of a proxy is no success of a write', async () => {
    lab.proxy.spoil((method) =>
      method === 'PATCH' ? { status: 200, body: '<html></html>', contentType: 'text/html' } : undefined,
    );
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toContain('The answer is not one of PowerDNS');
    expect(lab.workspace.state()).toEqual({});
  });

  test('a failed update keeps the old state, and the next apply finishes it', async () => {
    await lab.workspace.apply();
    lab.workspace.configure(RECORD.replace('10.20.0.7', '10.20.0.8'));
    lab.proxy.spoil((method) => (method === 'PATCH' ? { status: 500 } : undefined));
    expect((await run('apply')).code).toBe(1);
    expect(lab.workspace.state()['powerdns_record.web']!.attributes.records).toEqual(['10.20.0.7']);
    lab.proxy.heal();
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });

  test('a failed deletion keeps the resource in the state', async () => {
    await lab.workspace.apply();
    lab.proxy.spoil((method) => (method === 'PATCH' ? { status: 500 } : undefined));
    const { code } = await lab.workspace.terraform('destroy', '-auto-approve');
    expect(code).toBe(1);
    expect(Object.keys(lab.workspace.state())).toEqual(['powerdns_record.web']);
  });

  test('writes are never made in parallel, not even to different zones', async () => {
    lab.workspace.configure(`
      ${RECORD.replace('zone ', 'count = 30\n  zone ').replace('"web.lab', '"web-${count.index}.lab')}
      resource "powerdns_zone" "more" {
        count       = 10
        name        = "more-\${count.index}.internal."
        kind        = "Native"
        nameservers = ["ns.lab.internal."]
      }`);
    await lab.workspace.apply();
    expect(lab.proxy.requests.filter((request) => request.startsWith('PATCH')).length).toBeLessThan(30);
    expect(lab.proxy.requests.filter((request) => request.startsWith('POST'))).toHaveLength(10);
    expect(lab.proxy.mostParallelWrites).toBe(1);
  });

  test('a server that is made in the same run need not be known at plan', async () => {
    lab.workspace.configure(`
      resource "terraform_data" "server" {
        input = "${lab.proxy.url}"
      }
      provider "powerdns" {
        server_url = terraform_data.server.output
      }
      ${RECORD}`);
    await lab.workspace.terraform('init');
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
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
    lab.workspace.configure(`provider "powerdns" {\n  server_url = "${url}"\n}\n${RECORD}`);
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain(words);
    expect(output).toContain('in provider "powerdns"');
  });

  test('asks for the server where none is given', async () => {
    await lab.use({ PDNS_SERVER_URL: '' });
    lab.workspace.configure(RECORD);
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain('Set server_url of the provider, or PDNS_SERVER_URL in the environment');
  });
});
