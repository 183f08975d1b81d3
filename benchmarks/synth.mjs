// Times the synth of a large site: machines on 20 hypervisors, in pools of 10, with addresses, keys, seeds and placement.
// Each size is run in a process of its own, in turn, so that what else the machine does hits all alike: read the ratio.
//   node benchmarks/synth.mjs               100 and 1,000 machines, side by side; exit code 1 when a limit is broken
//   node benchmarks/synth.mjs --once 1000   one synth in this process, for: node --cpu-prof benchmarks/synth.mjs --once 1000
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HYPERVISORS = 20;
const POOL = 10;
const LIMIT = { seconds: 3, mebibytes: 512, growth: 1.2 };
const RUNS = 5;

if (process.argv[2] === '--once') synth(Number(process.argv[3] ?? 1000));
else sideBySide();

/** One synth from nothing, and one that finds its lock file and output there. */
function synth(machines) {
  const require = createRequire(import.meta.url);
  const started = process.hrtime.bigint();
  const library = fileURLToPath(new URL('../dist/lib/index.js', import.meta.url));
  if (!existsSync(library)) throw new Error('the library is not built; run: npm run build');
  const { App } = require('cdktf');
  const cloudless = require(library);
  const { BaseImages, VmPoolStack } = require(
    fileURLToPath(new URL('../dist/stacks/index.js', import.meta.url)),
  );
  const loaded = process.hrtime.bigint();
  const directory = mkdtempSync(join(tmpdir(), 'cloudless-bench-'));
  try {
    const { seconds, processor } = run(directory);
    const again = run(directory);
    const peak = process.resourceUsage().maxRSS / 1024;
    const load = Number(loaded - started) / 1e9;
    process.stdout.write(
      `${JSON.stringify({ machines, load, seconds, processor, again: again.seconds, peak })}\n`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }

  function run(folder) {
    const begin = process.hrtime.bigint();
    const before = process.cpuUsage();
    const app = new App({ outdir: join(folder, 'cdktf.out') });
    build(app, folder);
    app.synth();
    const { user, system } = process.cpuUsage(before);
    return { seconds: Number(process.hrtime.bigint() - begin) / 1e9, processor: (user + system) / 1e6 };
  }

  function build(app, folder) {
    const { Cidr, Environment, Fqdn, Hypervisor, ImageCatalog, LibvirtUri, NatNetwork, Placement, Size } =
      cloudless;
    const environment = new Environment(app, 'bench', {
      domain: Fqdn.of('bench.internal'),
      lockFile: join(folder, 'bench.lock.json'),
      siteKeyFile: join(folder, 'site.key'),
    });
    const hypervisors = Array.from(
      { length: HYPERVISORS },
      (_, index) =>
        new Hypervisor(environment, `kvm${index + 1}`, {
          uri: LibvirtUri.socket(`/run/kvm${index + 1}/libvirt-sock`),
          memory: Size.gib(512),
          vcpus: 64,
          storage: { bench: Size.tib(8) },
          labels: { rack: 'abcd'.charAt(index % 4) },
        }),
    );
    const images = new BaseImages(environment, 'base-images', {
      hypervisors,
      storagePath: '/var/lib/libvirt/bench',
      images: { debian: ImageCatalog.load(catalog(folder)).release('debian-12') },
    });
    const network = NatNetwork.fromAttributes({
      networkName: 'lan',
      hypervisors,
      cidr: Cidr.of('10.64.0.0/16'),
    });
    const { publicKey } = cloudless.SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
    for (let pool = 0; pool < machines / POOL; pool++)
      new VmPoolStack(environment, `pool${pool}`, {
        count: POOL,
        memory: Size.gib(2),
        vcpus: 2,
        image: images.image('debian'),
        network,
        placement: Placement.spread(),
        administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
        dataDisks: [cloudless.DataDisk.of({ name: 'data', size: Size.gib(10), mountPath: '/srv/data' })],
      });
  }

  function catalog(folder) {
    const content = Buffer.from('the bytes of an image');
    writeFileSync(join(folder, 'debian-12.qcow2'), content);
    const digest = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const entry = {
      version: '1.0.0-0a1b2c3d',
      digest: digest(content),
      file: 'debian-12.qcow2',
      format: 'qcow2',
      size: content.length,
      virtualSize: 2 ** 30,
      definition: digest('none'),
      os: 'debian-12',
      architecture: 'x86_64',
      packages: { nftables: '1.0.6-2+deb12u2' },
    };
    const path = join(folder, 'catalog.json');
    writeFileSync(path, JSON.stringify({ formatVersion: 1, images: { 'debian-12': [entry] } }));
    return path;
  }
}

function sideBySide() {
  const results = new Map([
    [100, []],
    [1000, []],
  ]);
  for (let round = 0; round < RUNS; round++)
    for (const [machines, list] of results) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [fileURLToPath(import.meta.url), '--once', String(machines)],
        { encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(stderr);
      list.push(JSON.parse(stdout.trim().split('\n').pop()));
    }
  const median = (list, key) =>
    list.map((each) => each[key]).sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const row = (machines) => {
    const list = results.get(machines);
    const keys = ['seconds', 'processor', 'again', 'load', 'peak'];
    const [seconds, processor, again, load, peak] = keys.map((key) => median(list, key));
    return { machines, seconds, processor, again, load, peak };
  };
  const [small, large] = [row(100), row(1000)];
  process.stdout.write(
    '| machines | first synth | of it processor | synth again | loading | peak memory |\n| --- | --- | --- | --- | --- | --- |\n',
  );
  for (const { machines, seconds, processor, again, load, peak } of [small, large])
    process.stdout.write(
      `| ${machines} | ${seconds.toFixed(2)} s | ${processor.toFixed(2)} s | ${again.toFixed(2)} s | ${load.toFixed(2)} s | ${peak.toFixed(0)} MiB |\n`,
    );
  // Processor time: what else the machine does takes turns with us, and is not ours.
  const growth = large.processor / small.processor / 10;
  process.stdout.write(`\ngrowth of the first synth from 100 to 1,000: ${growth.toFixed(2)} times linear\n`);
  const broken = [
    large.seconds > LIMIT.seconds &&
      `1,000 machines take ${large.seconds.toFixed(2)} s, more than ${LIMIT.seconds} s`,
    large.peak > LIMIT.mebibytes &&
      `1,000 machines take ${large.peak.toFixed(0)} MiB, more than ${LIMIT.mebibytes} MiB`,
    growth > LIMIT.growth && `growth is ${growth.toFixed(2)} times linear, more than ${LIMIT.growth}`,
  ].filter(Boolean);
  for (const sentence of broken) process.stdout.write(`${sentence}\n`);
  process.exitCode = broken.length ? 1 : 0;
}
