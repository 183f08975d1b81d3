import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Cidr } from '../../lib/core/cidr';
import { Peers, SecretContent } from '../../lib/guest';
import { PowerDnsServer } from '../../modules';
import { temporaryDirectory } from '../support/site';
import { describeWith } from '../provider/support/needs';
import { DEBIAN_12, machineWith, textOf } from './support/machines';

const KEY = 'a-key-of-some-length';

describeWith(['pdns_server'], 'a real PowerDNS with the configuration of the module', () => {
  const directory = temporaryDirectory();
  let server: ChildProcess;
  let api: string;
  let said = '';

  beforeAll(async () => {
    const guest = machineWith(
      new PowerDnsServer({
        api: { key: SecretContent.of(KEY), from: Peers.ranges(Cidr.of('192.0.2.0/24')) },
      }),
      DEBIAN_12,
      '/var/lib/powerdns',
    );
    const [dns, web] = [await freePort(), await freePort()];
    const main = textOf(guest, '/etc/powerdns/pdns.conf')
      .replace(/^local-address=.*/m, `local-address=127.0.0.1\nlocal-port=${dns}`)
      .replace('include-dir=/etc/powerdns', `include-dir=${directory}`)
      .replaceAll('/var/lib/powerdns', join(directory, 'data'));
    const included = textOf(guest, '/etc/powerdns/cloudless.d/api.conf')
      .replace('webserver-port=8081', `webserver-port=${web}`)
      .replace('webserver-address=0.0.0.0', 'webserver-address=127.0.0.1');
    for (const name of ['data', 'cloudless.d']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'pdns.conf'), `${main}socket-dir=${directory}\n`);
    writeFileSync(join(directory, 'cloudless.d', 'api.conf'), included);
    api = `http://127.0.0.1:${web}/api/v1/servers/localhost`;
    server = spawn('/usr/sbin/pdns_server', [`--config-dir=${directory}`, '--guardian=no', '--daemon=no']);
    server.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await fetch(api).catch(() => undefined);
      if (answer) return;
      if (server.exitCode !== null) break;
      await new Promise((next) => setTimeout(next, 200));
    }
    throw new Error(`pdns_server does not start: ${said}`);
  });

  afterAll(() => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const zones = (key: string) => fetch(`${api}/zones`, { headers: { 'X-API-Key': key } });

  test('takes the key whose hash it has, and no other', async () => {
    expect((await zones(KEY)).status).toBe(200);
    expect((await zones(`${KEY}x`)).status).toBe(401);
  });

  test('keeps zones in LMDB', async () => {
    const { status } = await fetch(`${api}/zones`, {
      method: 'POST',
      headers: { 'X-API-Key': KEY },
      body: JSON.stringify({ name: 'lab.internal.', kind: 'Native', nameservers: ['ns.lab.internal.'] }),
    });
    expect(status).toBe(201);
    expect(await (await zones(KEY)).json()).toMatchObject([{ name: 'lab.internal.' }]);
  });

  test('says nothing about settings that it does not know', () => {
    expect(said).not.toMatch(/unknown|invalid|deprecated/i);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const listener = createServer().listen(0, '127.0.0.1', () => {
      const address = listener.address();
      listener.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  });
}
