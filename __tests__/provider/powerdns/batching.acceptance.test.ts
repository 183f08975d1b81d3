import { PowerDnsClient, RRsetExists } from '../../../provider/powerdns/client';
import type { ApiError, RRsetChange } from '../../../provider/powerdns/client';
import type { RetryPolicy } from '../../../provider/powerdns/retry';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { API_KEY } from '../support/power-dns-server';
import { powerDnsSuite, ZONE } from '../support/power-dns-suite';

const never = new AbortController().signal;
const a = (label: string, ...addresses: string[]): RRsetChange => ({
  changetype: 'REPLACE',
  name: `${label}.${ZONE}`,
  type: 'A',
  ttl: 60,
  records: addresses.map((content) => ({ content, disabled: false })),
});

describeWith(['pdns_server', 'terraform'], 'requests to PowerDNS', () => {
  const lab = powerDnsSuite();
  let client: PowerDnsClient;
  const clientWith = (retry?: RetryPolicy) =>
    new PowerDnsClient({
      serverUrl: new URL(lab.proxy.url),
      apiKey: API_KEY,
      apiKeySource: 'the test',
      retry,
    });
  beforeEach(() => {
    client = clientWith({ limitMs: 500, firstPauseMs: 10, longestPauseMs: 50 });
  });

  const write = (change: RRsetChange, mustBeNew = false, signal = never) =>
    client.writeRRset({ zone: ZONE, change, mustBeNew }, signal);
  const count = (method: string) =>
    lab.proxy.requests.filter((request) => request.startsWith(`${method} `)).length;
  const numbered = (many: number) => Array.from({ length: many }, (_, index) => `vm-${index}`);
  const written = async () =>
    Object.keys(await lab.server.rrsets(ZONE)).filter((name) => name.endsWith(' A'));

  test('what is written at once goes in one request, after one look at what is there', async () => {
    await Promise.all(numbered(40).map((label) => write(a(label, '10.0.0.1'), true)));
    expect(await written()).toHaveLength(40);
    expect(count('PATCH')).toBe(1);
    expect(count('GET')).toBe(1);
  });

  test('what the zone has is looked up once for all bursts, and own changes are known without a look', async () => {
    let now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
    for (const label of ['one', 'two', 'three', 'four']) await write(a(label, '10.0.0.1'), true);
    expect(count('PATCH')).toBe(4);
    expect(count('GET')).toBe(1);
    await expect(write(a('two', '10.0.0.2'), true)).rejects.toBeInstanceOf(RRsetExists);
    await write({ changetype: 'DELETE', name: `two.${ZONE}`, type: 'A' });
    const before = count('GET');
    await write(a('two', '10.0.0.3'), true);
    expect(count('GET')).toBe(before);
    expect((await lab.server.rrsets(ZONE))[`two.${ZONE} A`]).toEqual(['10.0.0.3']);

    await lab.server.replaceRRset(ZONE, `foreign.${ZONE}`, 'A', ['10.9.9.9']);
    now += 60_000;
    await expect(write(a('foreign', '10.0.0.1'), true)).rejects.toBeInstanceOf(RRsetExists);
    clock.mockRestore();
  });

  test('what the zone has is looked up anew after a write that failed, and before it is said that something exists', async () => {
    await write(a('web', '10.0.0.1'), true);
    await lab.server.replaceRRset(ZONE, `new.${ZONE}`, 'A', ['10.9.9.9']);
    lab.proxy.spoil((method) => (method === 'PATCH' ? { status: 422, body: '{"error": "no"}' } : undefined));
    await expect(write(a('other', '10.0.0.1'))).rejects.toMatchObject({ status: 422 });
    lab.proxy.heal();
    await expect(write(a('new', '10.0.0.1'), true)).rejects.toBeInstanceOf(RRsetExists);
    await lab.server.api('PATCH', `/zones/${ZONE}`, {
      rrsets: [{ changetype: 'DELETE', name: `web.${ZONE}`, type: 'A' }],
    });
    await write(a('web', '10.0.0.2'), true);
    expect((await lab.server.rrsets(ZONE))[`web.${ZONE} A`]).toEqual(['10.0.0.2']);
  });

  test('what comes while a write is under way goes in the next one', async () => {
    const first = write(a('first', '10.0.0.1'));
    while (count('PATCH') === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([first, ...numbered(40).map((label) => write(a(label, '10.0.0.1')))]);
    expect(await written()).toHaveLength(41);
    expect(count('PATCH')).toBe(2);
  });

  test('one bad RRset among many fails alone, and so does each of several', async () => {
    const labels = numbered(30);
    const bad = ['vm-3', 'vm-17', 'vm-29'];
    const results = await Promise.allSettled(
      labels.map((label) => write(a(label, bad.includes(label) ? '10.0.0.300' : '10.0.0.1'))),
    );
    for (const [index, result] of results.entries()) {
      const label = `vm-${index}`;
      if (!bad.includes(label)) expect(result.status).toBe('fulfilled');
      else expect(result).toMatchObject({ status: 'rejected', reason: { status: 422 } });
      if (result.status === 'rejected')
        expect((result.reason as ApiError).reason).toContain(`${label}.${ZONE}`);
    }
    expect(await written()).toHaveLength(27);
    expect(count('PATCH')).toBeLessThanOrEqual(7);
  });

  test('the bad one is found also when the answer does not name it', async () => {
    lab.proxy.rewrite((status, body) => (status === 422 ? '{"error": "something is wrong"}' : body));
    const results = await Promise.allSettled(
      numbered(16).map((label) => write(a(label, label === 'vm-5' ? '10.0.0.300' : '10.0.0.1'))),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(results[5]).toMatchObject({ status: 'rejected', reason: { reason: 'something is wrong' } });
    expect(await written()).toHaveLength(15);
  });

  test('an RRset that exists is not overwritten, and the others of its batch are written', async () => {
    await lab.server.replaceRRset(ZONE, `vm-7.${ZONE}`, 'A', ['10.9.9.9']);
    const results = await Promise.allSettled(numbered(20).map((label) => write(a(label, '10.0.0.1'), true)));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([{ reason: { existing: { records: [{ content: '10.9.9.9' }] } } }]);
    expect((refused[0] as PromiseRejectedResult).reason).toBeInstanceOf(RRsetExists);
    expect((await lab.server.rrsets(ZONE))[`vm-7.${ZONE} A`]).toEqual(['10.9.9.9']);
    expect(await written()).toHaveLength(20);
  });

  test('an RRset that is disabled is not overwritten either, although a look for it alone does not show it', async () => {
    const hidden = { ...a('hidden', '10.9.9.9'), records: [{ content: '10.9.9.9', disabled: true }] };
    await lab.server.api('PATCH', `/zones/${ZONE}`, { rrsets: [hidden] });
    await write(a('seen', '10.0.0.1'), true);
    await expect(write(a('hidden', '10.0.0.1'), true)).rejects.toBeInstanceOf(RRsetExists);
    await write({ changetype: 'DELETE', name: `hidden.${ZONE}`, type: 'A' });
    await write(a('hidden', '10.0.0.1'), true);
    expect((await lab.server.rrsets(ZONE))[`hidden.${ZONE} A`]).toEqual(['10.0.0.1']);
  });

  test('two changes of one RRset are made one after the other', async () => {
    await Promise.all([write(a('web', '10.0.0.1')), write(a('web', '10.0.0.2'))]);
    expect((await lab.server.rrsets(ZONE))[`web.${ZONE} A`]).toEqual(['10.0.0.2']);
    const twice = await Promise.allSettled([
      write(a('new', '10.0.0.1'), true),
      write(a('new', '10.0.0.1'), true),
    ]);
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('what is larger than the server takes in one request is split', async () => {
    const text = `"${'x'.repeat(200)}"`;
    // With time: on a busy machine the server needs more than a second for as many.
    client = clientWith();
    await Promise.all(
      Array.from({ length: 9_000 }, (_, index) =>
        write({
          changetype: 'REPLACE',
          name: `txt-${index}.${ZONE}`,
          type: 'TXT',
          ttl: 60,
          records: [{ content: text, disabled: false }],
        }),
      ),
    );
    expect(Object.keys(await lab.server.rrsets(ZONE))).toHaveLength(9_001);
    expect(count('PATCH')).toBe(2);
  });

  test('who gives up while waiting is not written, and the others are', async () => {
    const abort = new AbortController();
    const gone = write(a('gone', '10.0.0.1'), false, abort.signal);
    const stays = write(a('stays', '10.0.0.1'));
    abort.abort(new Error('given up'));
    await expect(gone).rejects.toThrow('given up');
    await stays;
    expect(await written()).toEqual([`stays.${ZONE} A`]);
  });

  test('an answer that is lost for good leaves it open whether it was done; one that is refused does not', async () => {
    lab.proxy.spoil(() => 'cut after');
    await expect(write(a('web', '10.0.0.1'))).rejects.toMatchObject({ mayBeDone: true });
    lab.proxy.spoil((method) => (method === 'GET' ? 'cut after' : undefined));
    await expect(write(a('new', '10.0.0.1'), true)).rejects.toMatchObject({ mayBeDone: false });
    lab.proxy.spoil(() => ({ status: 422, body: '{"error": "no"}' }));
    await expect(write(a('web', '10.0.0.1'))).rejects.toMatchObject({ mayBeDone: false });
    lab.proxy.close();
    await expect(write(a('web', '10.0.0.1'))).rejects.toMatchObject({ mayBeDone: false });
  });

  const find = (label: string) => client.findZone(ZONE, { name: `${label}.${ZONE}`, type: 'A' }, never);
  const addressOf = async (label: string) => (await find(label))?.rrsets[0]?.records[0]?.content;

  test('one or two reads ask for what they want, many for the whole zone once', async () => {
    await lab.server.replaceRRset(ZONE, `web.${ZONE}`, 'A', ['10.0.0.1']);
    expect(await addressOf('web')).toBe('10.0.0.1');
    expect(lab.proxy.requests).toEqual([
      expect.stringContaining('rrset_name=web.lab.internal.&rrset_type=A'),
    ]);
    const found = await Promise.all(['web', ...numbered(50)].map(addressOf));
    expect(found).toEqual(['10.0.0.1', ...numbered(50).map(() => undefined)]);
    expect(lab.proxy.requests.slice(1)).toEqual([expect.stringMatching(/^GET .*\/zones\/lab\.internal\.$/)]);
  });

  test('a snapshot serves the bursts that follow, and is forgotten after a write and after a pause', async () => {
    const burst = () => Promise.all(numbered(10).map(addressOf));
    await burst();
    await burst();
    await burst();
    expect(count('GET')).toBe(1);
    await write(a('vm-1', '10.0.0.1'));
    expect((await burst())[1]).toBe('10.0.0.1');
    await lab.server.replaceRRset(ZONE, `vm-1.${ZONE}`, 'A', ['10.0.0.2']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await burst())[1]).toBe('10.0.0.2');
    expect(count('GET')).toBe(3);
  });

  test('a read that fails fails for all who wait, and the next one is made anew', async () => {
    lab.proxy.spoil(() => ({ status: 404, body: 'nope' }));
    const results = await Promise.allSettled(numbered(10).map(addressOf));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    lab.proxy.heal();
    expect(await addressOf('web')).toBeUndefined();
  });

  test('a refresh of 300 records costs no more than a few requests, and drift shows', async () => {
    lab.workspace.configure(`resource "powerdns_record" "vm" {
      count   = 300
      zone    = "lab.internal."
      name    = "vm-\${count.index}.lab.internal."
      type    = "A"
      ttl     = 60
      records = ["10.20.1.\${count.index % 250 + 1}"]
    }\n`);
    await lab.workspace.apply();
    const before = count('GET');
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    // One, unless the machine is so busy that Terraform pauses in between.
    expect(count('GET') - before).toBeLessThan(30);
    await lab.server.replaceRRset(ZONE, `vm-200.${ZONE}`, 'A', ['10.66.66.66']);
    const { output } = await lab.workspace.terraform('plan', '-no-color');
    expect(output).toContain('0 to add, 1 to change, 0 to destroy');
  });

  test('a bad record among good ones fails alone in Terraform, at its own attribute', async () => {
    lab.workspace.configure(`
      resource "powerdns_record" "vm" {
        count   = 20
        zone    = "lab.internal."
        name    = "vm-\${count.index}.lab.internal."
        type    = "A"
        ttl     = 60
        records = ["10.20.1.\${count.index}"]
      }
      resource "powerdns_record" "bad" {
        zone    = "lab.internal."
        name    = "bad.lab.internal."
        type    = "FOO"
        ttl     = 60
        records = ["x"]
      }`);
    const { code, output } = await lab.workspace.terraform(
      'apply',
      '-auto-approve',
      '-no-color',
      '-parallelism=30',
    );
    expect(code).toBe(1);
    expect(output.match(/Error: /g)).toHaveLength(1);
    expect(flatten(output)).toMatch(/in resource "powerdns_record" "bad": \d+: type = /);
    expect(Object.keys(lab.workspace.state())).toHaveLength(20);
    expect(await written()).toHaveLength(20);
  });
});
