import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { cloudlessProvider } from '../../../provider/cloudless/cloudless-provider';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { until } from '../support/processes';
import { freePort, SshServer, webServer } from './support/servers';

let directory: string;
let workspace: Workspace;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'provider-online-'));
  workspace = await attach(cloudlessProvider());
});
afterEach(() => {
  workspace.close();
  rmSync(directory, { recursive: true, force: true });
});

const hcl = (value: unknown) => JSON.stringify(value);
const QUICK = 'interval = "100ms"\n timeout = "3s"';

/** A machine that is a stand-in, which writes down when it is made and destroyed, and the gate behind it. */
function configure(gate: string, version = 'v1'): void {
  workspace.configure(`
    resource "terraform_data" "machine" {
      input            = ${hcl(`${directory}/log`)}
      triggers_replace = ${hcl(version)}
      provisioner "local-exec" { command = "echo made >> ${directory}/log" }
      provisioner "local-exec" {
        when    = destroy
        command = "echo destroyed >> \${self.input}"
      }
    }
    resource "cloudless_online" "machine" {
      name     = "web-1"
      triggers = { machine = terraform_data.machine.id }
      ${gate}
    }
  `);
}
const log = () => readFileSync(join(directory, 'log'), 'utf8').trim().split('\n');
const probes = (text: string) => `probes = {\n${text}\n}`;
async function failed(...args: string[]): Promise<string> {
  const { code, output } = await workspace.terraform(...args, '-auto-approve', '-no-color', '-input=false');
  expect(code).toBe(1);
  return flatten(output);
}

describeWith(['terraform', 'ssh', 'ssh-keygen', 'sshd'], 'a machine that is asked by SSH', () => {
  let server: SshServer;
  beforeEach(async () => {
    server = await SshServer.start(directory);
  });
  afterEach(() => server?.stop());

  const ssh = (more: Record<string, unknown> = {}) =>
    probes(
      `ssh = { ssh = ${hcl({ host: '127.0.0.1', port: server.port, host_key: server.hostKey, ...more })} }`,
    );

  test('is online when it proves that it has the pinned host key, without anybody logging in', async () => {
    configure(`${ssh()}\n successes = 2\n interval = "100ms"\n timeout = "30s"`);
    await workspace.apply();
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('is another machine when it has another key', async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'other')]);
    const other = readFileSync(join(directory, 'other.pub'), 'utf8').trim();
    configure(`${ssh({ host_key: other })}\n interval = "1s"\n timeout = "6s"`);
    expect(await failed('apply')).toMatch(
      /web-1 did not come online within 6s.*ssh: \d+ attempts?, 0 good; last problem: 127\.0\.0\.1:\d+ does not have the pinned host key.*SSH-2\.0-OpenSSH/,
    );
  });

  test('runs a command, whose code counts', async () => {
    const login = { user: userInfo().username, identity_file: server.identity };
    configure(`${ssh({ ...login, command: `touch ${directory}/was-here` })}\n timeout = "30s"`);
    await workspace.apply();
    expect(existsSync(join(directory, 'was-here'))).toBe(true);
    configure(`${ssh({ ...login, command: 'echo degraded; exit 3' })}\n interval = "1s"\n timeout = "6s"`);
    expect(await failed('apply')).toMatch(/the command ended with 3: degraded/);
    configure(
      `${ssh({ ...login, user: 'nobody-like-this', command: 'true' })}\n interval = "1s"\n timeout = "6s"`,
    );
    expect(await failed('apply')).toMatch(/Permission denied/);
  });
});

describeWith(['terraform'], 'a machine', () => {
  test('is waited for until all probes are good so many times in a row', async () => {
    const port = await freePort();
    const statuses = [503, 200, 503, 200, 200];
    const asked: number[] = [];
    const later = setTimeout(() => {
      void webServer((_request, response) => {
        const status = statuses[Math.min(asked.length, statuses.length - 1)]!;
        asked.push(status);
        response.writeHead(status).end('state: ready');
      }, port).then((server) => (close = server.close));
    }, 600);
    let close = () => clearTimeout(later);
    try {
      configure(`
        ${probes(`
          tcp  = { tcp = { host = "127.0.0.1", port = ${port} } }
          http = { http = { url = "http://127.0.0.1:${port}/", body = "state: (ready|leader)" } }
          file = { command = { command = ["test", "-d", ${hcl(directory)}] } }
        `)}
        successes = 2
        interval  = "100ms"
        timeout   = "60s"`);
      await workspace.apply();
      expect(asked).toEqual(statuses);
    } finally {
      close();
    }
    // It asks once: a machine that is down later breaks no plan.
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('that does not come is told with what was tried and its console, is left alone, and is asked again', async () => {
    const port = await freePort();
    const console = join(directory, 'console.log');
    writeFileSync(console, `${'boot\n'.repeat(500)}\u001b[1;31mKernel panic\u001b[0m - not syncing\r\n\n`);
    const gate = `${probes(`api = { http = { url = "http://127.0.0.1:${port}/" } }`)}\n ${QUICK}\n console_log = ${hcl(console)}\n console_lines = 2\n drain = { command = ["sh", "-c", "echo drained >> ${directory}/log"] }`;
    configure(gate);
    const output = await failed('apply');
    expect(output).toMatch(/Error: web-1 did not come online within 3s/);
    expect(output).toMatch(
      /Asked \d+ times, 100ms apart: api: \d+ attempts, 0 good; last problem: http:.*ECONNREFUSED/,
    );
    expect(output).toMatch(
      /Last lines of the serial console \(.*console\.log\): boot Kernel panic - not syncing The machine was left/,
    );
    expect(workspace.state()['cloudless_online.machine']).toBeUndefined();

    // The next apply asks again: the machine is not replaced, and not drained.
    const changes = await workspace.plan();
    expect(changes['terraform_data.machine']!.actions).toEqual(['no-op']);
    expect(changes['cloudless_online.machine']!.actions).toEqual(['create']);
    const server = await webServer((_request, response) => response.end('ok'), port);
    try {
      await workspace.apply();
    } finally {
      server.close();
    }
    expect(log()).toEqual(['made']);
  });

  test('whose console cannot be read is told without it', async () => {
    const port = await freePort();
    const tcp = probes(`tcp = { tcp = { host = "127.0.0.1", port = ${port} } }`);
    configure(`${tcp}\n ${QUICK}\n console_log = "${directory}/none"`);
    expect(await failed('apply')).toMatch(/The serial console cannot be shown \(.*none\): ENOENT/);
    configure(`${tcp}\n ${QUICK}\n console_command = ["sh", "-c", "echo login:; sleep 0.1; exit 1"]`);
    expect(await failed('apply')).toMatch(/Last lines of the serial console \(sh -c .*\): login:/);
  });

  test('is waited for no longer when Terraform is asked to stop', async () => {
    configure(
      `${probes(`slow = { command = { command = ["sh", "-c", "touch ${directory}/asked; sleep 100"] } }`)}`,
    );
    const running = workspace.start('apply', '-auto-approve', '-no-color');
    await until(() => existsSync(join(directory, 'asked')), 'the probe runs');
    running.process.kill('SIGINT');
    const { code, output } = await running.result;
    expect(code).toBe(1);
    expect(flatten(output)).toMatch(/Interrupted/);
    // What the probe had started is gone with it.
    const sleeping = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    expect(sleeping).not.toContain(`touch ${directory}/asked`);
  });

  test('is drained before it goes, and the next one is waited for', async () => {
    const requests: string[] = [];
    const server = await webServer((request, response, body) => {
      requests.push(`${request.method} ${request.url} ${request.headers['x-for']} ${body}`);
      writeFileSync(join(directory, 'log'), 'asked\n', { flag: 'a' });
      response.writeHead(request.url === '/gone' ? 404 : 204).end();
    });
    const drained = (path = '', more = '') =>
      `${probes(`here = { command = { command = ["sh", "-c", "echo online >> ${directory}/log"] } }`)}
       drain = {
         command = ["sh", "-c", "echo drained >> ${directory}/log"]
         http    = { url = "${server.url}/v1/drain${path}", method = "PUT", headers = { X-For = "web-1" }, body = "{}" }
         ${more}
       }`;
    try {
      configure(drained());
      await workspace.apply();
      configure(drained(), 'v2');
      await workspace.apply();
      expect(log()).toEqual(['made', 'online', 'drained', 'asked', 'destroyed', 'made', 'online']);
      expect(requests).toEqual(['PUT /v1/drain web-1 {}']);
    } finally {
      server.close();
    }
    // Nobody answers any more: the machine goes all the same, with a warning. Another drain is stored without asking the machine.
    const asked = log().filter((line) => line === 'online').length;
    configure(drained('', 'on_failure = "fail"'), 'v2');
    await workspace.apply();
    expect(log().filter((line) => line === 'online')).toHaveLength(asked);
    expect(await failed('destroy')).toMatch(
      /web-1 was not drained PUT http.*ECONNREFUSED.*the next apply tries again/,
    );
    expect(workspace.state()['terraform_data.machine']).toBeDefined();
    configure(drained('', 'on_failure = "continue"'), 'v2');
    await workspace.apply();
    const { code, output } = await workspace.terraform('destroy', '-auto-approve', '-no-color');
    expect(code).toBe(0);
    expect(flatten(output)).toMatch(/Warning: web-1 goes without having been drained/);
  });

  test.each([
    ['probes = {}', /there is none, so nothing would be waited for/],
    [
      probes('a = {}'),
      /The probe asks nothing.*Set exactly one of tcp, ssh, http, command.*At: probes\["a"\]/,
    ],
    [
      probes('a = { tcp = { host = "h", port = 22 }, command = { command = ["true"] } }'),
      /The probe asks in several ways.*not tcp and command/,
    ],
    [
      probes('a = { tcp = { host = "h", port = 70000 } }'),
      /70000 is out of range; it has to be 1 to 65535.*probes\["a"\]\.tcp\.port/,
    ],
    [probes('a = { tcp = { host = "http://h", port = 1 } }'), /without port and scheme/],
    [probes('a = { tcp = { host = "-oProxyCommand=x", port = 1 } }'), /write a name or an address/],
    [probes('a = { http = { url = "ftp://h/" } }'), /its scheme is 'ftp'/],
    [probes('a = { http = { url = "http://u:p@h/" } }'), /it holds a user name or a password/],
    [probes('a = { http = { url = "http://h/", body = "(" } }'), /it is no regular expression/],
    [probes('a = { ssh = { host = "h", host_key = "AAAA" } }'), /ssh_host_ed25519_key\.pub/],
    [
      probes('a = { ssh = { host = "h", host_key = "ssh-ed25519 AAAA", command = "true" } }'),
      /Set user beside command/,
    ],
    [
      `${probes('a = { command = { command = ["true"] } }')}\n interval = "10m"`,
      /interval \(10m\) has to be shorter than timeout \(10m\)/,
    ],
    [
      `${probes('a = { command = { command = ["true"] } }')}\n successes = 500`,
      /500 rounds 2s apart do not fit into timeout/,
    ],
    [`${probes('a = { command = { command = ["true"] } }')}\n timeout = "soon"`, /'soon' is no duration/],
    [`${probes('a = { command = { command = ["true"] } }')}\n drain = {}`, /The drain does nothing/],
    [
      `${probes('a = { command = { command = ["true"] } }')}\n console_log = "a"\n console_command = ["b"]`,
      /There are two consoles/,
    ],
  ])('is refused with %s', async (gate, words) => {
    configure(gate);
    const { code, output } = await workspace.terraform('validate', '-no-color');
    expect(code).toBe(1);
    expect(flatten(output)).toMatch(words);
  });
});

describeWith(['terraform', 'virsh'], 'a machine that is to switch itself off', () => {
  const off = (domain: string) =>
    `${probes('a = { command = { command = ["true"] } }')}
     drain = { power_off = { domain = ${hcl(domain)}, uri = "test:///default", timeout = "1s" } }`;

  test('has a limited time for it, and none when it is not there', async () => {
    // libvirt's test driver begins anew with each connection, so its domain is never off.
    configure(off('test'));
    await workspace.apply();
    const { code, output } = await workspace.terraform('destroy', '-auto-approve', '-no-color');
    expect(code).toBe(0);
    expect(flatten(output)).toMatch(/test is not off after 1s \(running\); its power is cut/);
    configure(off('no-such-domain'));
    await workspace.apply();
    const gone = await workspace.terraform('destroy', '-auto-approve', '-no-color');
    expect(gone.code).toBe(0);
    expect(gone.output).not.toContain('Warning');
  });
});
