// Times the boot of a built image under emulation: from power-on (the start of QEMU) to the SSH server's greeting and to the
// end of a first login. QEMU's processor time is beside the seconds, and where there is a C compiler (and --trimmings) the
// instructions that were executed (millions) and translated (thousands) until the answer: those do not mind what else the machine does.
//   node benchmarks/boot.mjs                     debian-12, 5 boots; writes build/boot.md
//   node benchmarks/boot.mjs --runs 3 --blame    and what systemd says took how long
//   node benchmarks/boot.mjs --file some.qcow2   another file
//   node benchmarks/boot.mjs --trimmings         debian-12 with each trimming undone, in turn; takes a quarter of an hour,
//                                                less with --only 'nothing|one process'
// Needs a build (npm run build), root for --trimmings, and the Debian packages that docs/images.md names.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (!existsSync('dist/lib/index.js')) throw new Error('the library is not built; run: npm run build');
const load = createRequire(import.meta.url);
const ours = (path) => load(join(process.cwd(), 'dist', path));
const { Cidr, Fqdn, IpAddress, MacAddress, SshPublicKey } = ours('lib/index.js');
const { SiteKey } = ours('lib/core/site-key.js');
const { sshHostKey } = ours('lib/core/ssh-key.js');
const { GuestConfig, renderCloudInit, seedImage, Sudo } = ours('lib/guest/index.js');
const { ImageCatalog } = ours('lib/image/catalog.js');

const { values: options } = parseArgs({
  options: {
    image: { type: 'string', default: 'debian-12' },
    file: { type: 'string' },
    runs: { type: 'string', default: '5' },
    blame: { type: 'boolean', default: false },
    trimmings: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const RUNS = Number(options.runs);
const LIMIT_SECONDS = 300;
const MAC = '52:54:00:12:34:56';
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const scratch = mkdtempSync(join(tmpdir(), 'cloudless-boot-'));
const file = (name) => join(scratch, name);
let running;
process.on('exit', () => {
  running?.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const host = sshHostKey(SiteKey.fromBytes(Buffer.alloc(32, 7)), 'bench', Fqdn.of('guest.bench.internal'));
execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', file('operator')]);
writeFileSync(file('known_hosts'), `guest ${host.publicKey.toString()}\n`);
const counting = options.trimmings && spawnSync('cc', ['--version']).status === 0;
if (counting)
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', file('count.so'), 'benchmarks/boot-count.c']);
writeFileSync(file('seed.iso'), seed(), { mode: 0o600 });

/** What the library hands a machine, as in the lab. */
function seed() {
  const guest = new GuestConfig({ fqdn: Fqdn.of('guest.bench.internal') });
  const sshAuthorizedKeys = [SshPublicKey.fromFile(file('operator.pub'))];
  guest.addUser({ name: 'ops', sshAuthorizedKeys, sudo: Sudo.PASSWORDLESS });
  const address = {
    address: IpAddress.of('10.0.2.15'),
    network: Cidr.of('10.0.2.0/24'),
    gateway: IpAddress.of('10.0.2.2'),
  };
  const lan = {
    name: 'lan',
    macAddress: MacAddress.of(MAC),
    addresses: [address],
    nameservers: [IpAddress.of('10.0.2.3')],
  };
  return seedImage(renderCloudInit(guest, { hostKey: host, interfaces: [lan] }));
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (values) => `${Math.min(...values).toFixed(1)} / ${median(values).toFixed(1)}`;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * The first bytes that somebody says on a port. Whom is asked too early never hears it, and whom is asked too often answers
 * late: patience grows with the time that the boot takes anyway.
 */
function greeting(port, elapsed) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (said) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    const timer = setTimeout(() => end(''), Math.max(500, elapsed * 60));
    socket.once('data', (bytes) => end(bytes.toString('latin1')));
    socket.once('error', () => end(''));
    socket.once('close', () => end(''));
  });
}

function ssh(port, command) {
  const pinned = [`UserKnownHostsFile=${file('known_hosts')}`, 'HostKeyAlias=guest', 'BatchMode=yes'];
  const args = ['-F', '/dev/null', '-q', '-p', String(port), '-i', file('operator')];
  for (const each of [...pinned, 'StrictHostKeyChecking=yes', 'ConnectTimeout=10']) args.push('-o', each);
  return spawnSync('ssh', [...args, 'ops@127.0.0.1', command], { encoding: 'utf8' });
}

/** Processor seconds that a process has used (proc(5), stat: utime and stime). */
function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Instructions, in millions and thousands, as the plugin has counted them so far. */
function counts() {
  if (!counting) return { executed: 0, translated: 0 };
  const [executed, translated] = new BigUint64Array(new Uint8Array(readFileSync(file('counts'))).buffer);
  return { executed: Number(executed) / 1e6, translated: Number(translated) / 1e3 };
}

async function boot(image, look) {
  const overlay = file('root.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image, '-F', 'qcow2', overlay, '2G']);
  const port = await freePort();
  const args = [
    '-nodefaults',
    '-no-user-config',
    '-machine',
    'pc',
    '-accel',
    'tcg',
    '-m',
    '256',
    '-smp',
    '1',
  ];
  args.push('-drive', `id=root,if=none,format=qcow2,cache=unsafe,file=${overlay}`);
  args.push('-device', 'virtio-blk-pci,drive=root,bootindex=1');
  args.push('-drive', `id=seed,if=none,format=raw,readonly=on,file=${file('seed.iso')}`);
  args.push('-device', 'ide-cd,drive=seed');
  args.push('-netdev', `user,id=lan,hostfwd=tcp:127.0.0.1:${port}-:22`);
  args.push('-device', `virtio-net-pci,netdev=lan,mac=${MAC}`, '-device', 'virtio-rng-pci');
  if (counting) args.push('-plugin', `${file('count.so')},counts=${file('counts')}`);
  args.push('-display', 'none', '-serial', `file:${file('console')}`);
  const started = process.hrtime.bigint();
  const seconds = () => Number(process.hrtime.bigint() - started) / 1e9;
  const machine = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  running = machine;
  try {
    const now = () => ({ seconds: seconds(), processor: processorSeconds(machine.pid), ...counts() });
    while (!(await greeting(port, seconds())).startsWith('SSH-')) {
      if (seconds() > LIMIT_SECONDS || machine.exitCode !== null)
        throw new Error(`no answer on SSH:\n${readFileSync(file('console'), 'latin1').slice(-2000)}`);
      await sleep(50);
    }
    const answers = now();
    while (ssh(port, 'true').status !== 0 && seconds() < LIMIT_SECONDS);
    const login = now();
    return { answers, login, seen: look && look((command) => ssh(port, command).stdout) };
  } finally {
    const ended = new Promise((resolve) => machine.once('exit', resolve));
    machine.kill('SIGKILL');
    await ended;
  }
}

const BLAME = [
  'systemctl is-system-running --wait >/dev/null; systemd-analyze time',
  'systemd-analyze critical-chain --no-pager ssh.service',
  'systemd-analyze blame --no-pager | head -40',
];

async function measure(title, image) {
  const boots = [];
  for (let run = 0; run < RUNS; run++) boots.push(await boot(image));
  const of = (moment, what) => shown(boots.map((each) => each[moment][what]));
  const row = [
    title,
    ...[of('answers', 'seconds'), of('answers', 'processor')],
    ...[of('login', 'seconds'), of('login', 'processor')],
    loadavg()[0].toFixed(1),
    ...(counting ? [of('answers', 'executed'), of('answers', 'translated')] : []),
  ];
  process.stdout.write(`| ${row.join(' | ')} |\n`);
  return row;
}

const HEAD = [
  ['what (min / median)', 'SSH answers, s', 'processor, s', 'login, s', 'processor, s', 'load'],
  ['---', '---', '---', '---', '---', '---'],
];
if (counting)
  for (const row of HEAD) row.push(...(row[0] === '---' ? ['---', '---'] : ['executed, M', 'translated, k']));
for (const row of HEAD) process.stdout.write(`| ${row.join(' | ')} |\n`);
const rows = [];
if (options.trimmings) await trimmings();
else {
  const image = options.file ?? ImageCatalog.load().release(options.image).file;
  rows.push(await measure(`${options.file ?? options.image}, ${RUNS} boots`, image));
  if (options.blame) {
    const { seen } = await boot(image, (inside) => BLAME.map(inside).join('\n'));
    process.stdout.write(`\n${seen}`);
  }
}
mkdirSync('build', { recursive: true });
writeFileSync('build/boot.md', `${[...HEAD, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);

/** Builds debian-12 without one of its trimmings at a time, and boots each. */
async function trimmings() {
  const { debian12 } = ours('images/debian-12.js');
  const { buildImage } = ours('images/build/build-image.js');
  const { ImageStore } = ours('images/build/image-store.js');
  const { SILENT } = ours('lib/core/progress.js');
  const { PackageLock } = ours('images/lock/package-lock.js');
  const store = new ImageStore(file('images'));
  const lock = PackageLock.of(debian12);
  const withoutFiles = (...paths) => ({
    files: debian12.files.filter(({ path }) => !paths.some((part) => path.includes(part))),
  });
  const undone = {
    nothing: {},
    'cloud-init in one process': {
      conditional: debian12.conditional.filter((part) => part.package !== 'cloud-init'),
    },
    'the short list of cloud-init modules': {
      files: debian12.files.map((each) =>
        each.path.endsWith('90-cloudless.cfg')
          ? { ...each, content: each.content.replace(/^cloud_\w+_modules:.*\n/gm, '') }
          : each,
      ),
    },
    'same addresses under emulation': {
      units: {
        ...debian12.units,
        enabled: debian12.units.enabled.filter((unit) => unit !== 'cloudless-emulation.service'),
      },
    },
    'masked units and generators': { units: { ...debian12.units, masked: [], maskedGenerators: [] } },
    'cold-plug of what a virtual machine has': {
      maskedUdevRules: [],
      ...withoutFiles('systemd-udev-trigger.service.d'),
    },
    'resolver, D-Bus and login manager behind SSH': {
      conditional: debian12.conditional.filter((part) => part.package !== 'systemd-resolved'),
      ...withoutFiles('systemd-logind.service.d', 'dbus.service.d'),
    },
    'no second run of sshd': withoutFiles('ssh.service.d'),
    'kernel arguments': { kernel: { ...debian12.kernel, arguments: ['console=ttyS0', 'net.ifnames=0'] } },
    'no start scripts of SysV init': { removed: debian12.removed.filter((path) => !path.includes('rc')) },
  };
  for (const [title, change] of Object.entries(undone)) {
    if (options.only && !new RegExp(options.only).test(title)) continue;
    const { entry } = await buildImage({ ...debian12, ...change }, SILENT, { store, lock });
    rows.push(await measure(`without: ${title}`, store.pathOf(entry)));
  }
}
