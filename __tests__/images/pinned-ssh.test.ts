import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedUri } from '../../images/fleet/pinned-ssh';
import { temporaryDirectory } from '../support/site';

const cache = temporaryDirectory();
const before = process.env.CLOUDLESS_CACHE;

beforeAll(() => {
  process.env.CLOUDLESS_CACHE = cache;
});

afterAll(() => {
  if (before === undefined) delete process.env.CLOUDLESS_CACHE;
  else process.env.CLOUDLESS_CACHE = before;
});

it('has virsh run ssh with the host keys that lie beside the stack', () => {
  const uri = 'qemu+ssh://root@kvm1/system?sshauth=agent&knownhosts=assets/known_hosts-kvm1';
  const [, command = ''] = /^qemu\+ssh:\/\/root@kvm1\/system\?sshauth=agent&command=(.*)$/.exec(
    pinnedUri(uri, '/srv/stack'),
  )!;
  expect(command.startsWith(join(cache, 'ssh'))).toBe(true);
  expect(statSync(command).mode & 0o777).toBe(0o700);
  const script = readFileSync(command, 'utf8');
  expect(script).toContain(`-o 'UserKnownHostsFile="/srv/stack/assets/known_hosts-kvm1"'`);
  expect(script).toContain("-o 'StrictHostKeyChecking=yes'");
  expect(pinnedUri(uri, '/srv/stack')).toBe(pinnedUri(uri, '/srv/stack'));
  expect(pinnedUri(uri, '/srv/other')).not.toBe(pinnedUri(uri, '/srv/stack'));
});

it.each([
  'qemu:///system',
  'qemu+ssh://root@kvm1/system',
  'qemu+ssh://h/system?knownhosts=a&command=/my/ssh',
])('leaves %s as it is', (uri) => {
  expect(pinnedUri(uri, '/srv/stack')).toBe(uri);
});
