import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'cdktf';
import {
  Accelerator,
  BridgedNetwork,
  Cidr,
  DataDisk,
  DataDiskMove,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  NatNetwork,
  OvsNetwork,
  PinnedHostKeys,
  Placement,
  SecurityDriver,
  Size,
  SshKeyPair,
} from '../../lib';
import type { LabStatus } from '../../lab/lab';
import { labDirectory, labSite } from '../../lab/site';
import { BaseImages, VmPoolStack } from '../../stacks';
import { temporaryDirectory, writeCatalogOf } from '../support/site';

const NAME = `place-${process.pid}`;
const POOL = 'site';
const directory = temporaryDirectory();
const NETWORK = `<network><name>lan</name><bridge name="place0"/></network>`;

function cloudless(...args: string[]): string {
  return execFileSync(resolve('bin', 'cloudless'), args, {
    env: { ...process.env, CLOUDLESS_LAB: NAME },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A command as the operator of the lab runs it; its output, whatever the exit code. */
function exec(...command: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    resolve('bin', 'cloudless'),
    ['lab', 'exec', '--', ...command],
    { cwd: directory, env: { ...process.env, CLOUDLESS_LAB: NAME }, encoding: 'utf8' },
  );
  return { code: status, output: `${stdout}${stderr}` };
}

function terraform(stack: string, ...args: string[]) {
  return exec('terraform', `-chdir=${folder(stack)}`, ...args, '-no-color', '-input=false');
}

function folder(stack: string): string {
  return join(directory, 'cdktf.out', 'stacks', `${POOL}-${stack}`);
}

function apply(stack: string): string {
  const { code, output } = terraform(stack, 'apply', '-auto-approve');
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  const second = terraform(stack, 'plan', '-detailed-exitcode');
  expect({ code: second.code, output: second.code === 0 ? '' : second.output }).toEqual({
    code: 0,
    output: '',
  });
  return output;
}

function uriOf(name: string): string {
  return labSite(NAME).hypervisors.find((each) => each.name === name)!.uri;
}

/** What virsh answers on a hypervisor, as words. */
function virsh(hypervisor: string, ...command: string[]): string[] {
  const { code, output } = exec('virsh', '-q', '-c', uriOf(hypervisor), ...command);
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  return output.split(/\s+/).filter((word) => word !== '');
}

/** A disk on which nothing is: machines start, and their firmware waits. */
function catalog(): string {
  const images = join(directory, 'images');
  mkdirSync(images, { recursive: true });
  const file = join(images, 'blank.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, '16M']);
  return writeCatalogOf(images, 'blank', {
    version: '1.0.0-00000000',
    virtualSize: Size.mib(16),
    os: 'none',
  });
}

interface Wish {
  /** Hypervisor that web-0 is pinned to. */
  readonly pin?: string;
  readonly move?: DataDiskMove;
  readonly vcpus?: number;
  /** What confines the guests of kvm2. */
  readonly driver?: SecurityDriver;
  /** Bridge that a network is to be on. */
  readonly bridge?: string;
}

/** The site as its code would have it: a pool over all three hypervisors, and one on the first two. */
function synth({ pin, move, vcpus, driver, bridge }: Wish = {}): void {
  const app = new App({ outdir: join(directory, 'cdktf.out') });
  const environment = new Environment(app, POOL, {
    domain: Fqdn.of('site.internal'),
    lockFile: join(directory, 'site.lock.json'),
    siteKeyFile: join(directory, 'site.key'),
  });
  const site = labSite(NAME);
  const hypervisors = site.hypervisors.map(
    ({ name, uri, ssh }) =>
      new Hypervisor(environment, name, {
        uri: ssh
          ? LibvirtUri.ssh({ ...ssh, knownHosts: PinnedHostKeys.fromFile(ssh.knownHosts) })
          : LibvirtUri.fromUri(uri),
        accelerator: Accelerator.TCG,
        memory: Size.gib(1),
        securityDriver: { kvm1: SecurityDriver.none('a test of what libvirt makes of it'), kvm2: driver }[
          name
        ],
      }),
  );
  const images = new BaseImages(environment, 'base-images', {
    hypervisors,
    storagePath: site.hypervisors[0].storage,
    images: { blank: ImageCatalog.load(join(directory, 'images', 'catalog.json')).release('blank') },
  });
  if (bridge !== undefined) {
    const segment = { hypervisors, cidr: Cidr.of('10.79.0.0/24') };
    new BridgedNetwork(environment, 'office', { ...segment, bridge });
    new OvsNetwork(environment, 'servers', { ...segment, bridge: site.fabric.ovsBridge });
  }
  const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
  const machine = {
    image: images.image('blank'),
    network: NatNetwork.fromAttributes({ networkName: 'lan', hypervisors, cidr: Cidr.of('10.78.0.0/24') }),
    memory: Size.mib(64),
    administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
  };
  const [kvm1, kvm2] = hypervisors;
  const pinned = hypervisors.filter(({ hypervisorName }) => hypervisorName === pin);
  new VmPoolStack(environment, 'web', {
    ...machine,
    count: 3,
    dataDisks: [DataDisk.of({ name: 'data', size: Size.mib(64), mountPath: '/srv/data' })],
    placement: Placement.spread({ pinned: pinned[0] && { 'web-0': pinned[0] } }),
    dataDiskMove: move,
  });
  new VmPoolStack(environment, 'pair', {
    ...machine,
    count: 2,
    vcpus,
    placement: Placement.spread({ pinned: { 'pair-0': kvm1!, 'pair-1': kvm2! } }),
  });
  app.synth();
}

describe('machines on three hypervisors, one of them reached by SSH', () => {
  beforeAll(() => {
    cloudless('lab', 'up');
    writeFileSync(join(directory, 'network.xml'), NETWORK);
    for (const name of ['kvm1', 'kvm2', 'kvm3']) {
      virsh(name, 'net-define', join(directory, 'network.xml'));
      virsh(name, 'net-start', 'lan');
    }
    catalog();
    synth();
    for (const stack of ['base-images-kvm1', 'base-images-kvm2', 'base-images-kvm3', 'web', 'pair'])
      expect(terraform(stack, 'init').code).toBe(0);
  }, 120_000);

  afterAll(() => {
    cloudless('lab', 'down', '--purge');
    rmSync(labDirectory(NAME), { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('run where they were placed, and the second plan is empty everywhere', () => {
    for (const stack of ['base-images-kvm1', 'base-images-kvm2', 'base-images-kvm3', 'web', 'pair'])
      apply(stack);
    expect(virsh('kvm1', 'list', '--name')).toEqual(expect.arrayContaining(['web-0', 'pair-0']));
    expect(virsh('kvm2', 'list', '--name')).toEqual(expect.arrayContaining(['web-1', 'pair-1']));
    expect(virsh('kvm3', 'list', '--name')).toEqual(['web-2']);
  }, 120_000);

  it('are confined by what their hypervisor is declared to have', () => {
    const label = (hypervisor: string, machine: string) =>
      virsh(hypervisor, 'dumpxml', machine)
        .join(' ')
        .match(/<seclabel [^>]*>/g) ?? [];
    expect(label('kvm1', 'pair-0')).toContainEqual(expect.stringMatching(/^<seclabel type='none'/));
    expect(label('kvm2', 'pair-1').join()).not.toContain("type='none'");
    // libvirt itself refuses what the hypervisor does not have.
    synth({ driver: SecurityDriver.APPARMOR });
    const { code, output } = terraform('pair', 'apply', '-auto-approve');
    expect(code).toBe(1);
    expect(output).toContain("Security driver model 'apparmor' is not available");
    // The provider has defined it before it could not start it, and forgotten that.
    const recovered = exec(resolve('bin', 'cloudless'), 'recover', `${POOL}-pair`);
    expect([recovered.code, recovered.output]).toEqual([0, expect.stringContaining('1 recovered')]);
    synth();
    apply('pair');
  }, 60_000);

  /** Does something while another host key is pinned for kvm3 in a stack. */
  function withWrongKey<T>(stack: string, action: () => T): T {
    const file = join(folder(stack), 'assets', 'known_hosts-kvm3');
    const known = readFileSync(file, 'utf8');
    const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 2), 'somebody else');
    writeFileSync(file, known.replace(/ ssh-ed25519 .*/, ` ${publicKey.keyText}`));
    const result = action();
    writeFileSync(file, known);
    return result;
  }

  it('are out of reach when the host key is another one', () => {
    const { code, output } = withWrongKey('base-images-kvm3', () => terraform('base-images-kvm3', 'plan'));
    expect(code).toBe(1);
    expect(output).toContain('key mismatch');
  });

  it('are recovered and listed by the host keys of their stack, also where SSH leads to them', () => {
    const state = (...args: string[]) => exec('terraform', `-chdir=${folder('web')}`, 'state', ...args);
    // Given an apply that was killed before it wrote down what it had made
    const address = /^libvirt_domain\.web_web-2_on-kvm3_\S+$/m.exec(state('list').output)![0];
    expect(state('rm', address).code).toBe(0);
    const recover = () => exec(resolve('bin', 'cloudless'), 'recover', `${POOL}-web`);
    // When another key is pinned, virsh does not go there
    const refused = withWrongKey('web', recover);
    expect([refused.code, refused.output]).toEqual([
      1,
      expect.stringContaining('Host key verification failed'),
    ]);
    // Then it is found by the right one
    const recovered = recover();
    expect([recovered.code, recovered.output]).toEqual([0, expect.stringContaining('1 recovered')]);
    apply('web');
    const { code, output } = exec(
      resolve('bin', 'cloudless'),
      'image',
      'where',
      '--catalog',
      'images/catalog.json',
    );
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^web-2 +running +blank 1\.0\.0-00000000 .*kvm3|^web-2 +running +blank/m),
    ]);
  }, 60_000);

  it('need bridges that are there, which host check looks for', () => {
    const check = () =>
      exec(resolve('bin', 'cloudless'), 'host', 'check', '--output', join(directory, 'cdktf.out'));
    synth({ bridge: 'br-office' });
    const missing = check();
    expect(missing.code).toBe(1);
    const problem =
      "network 'office' is to be on a Linux bridge 'br-office', which is not there (it has place0)";
    // The operator stands where kvm1 is, under the name of the machine that the lab runs on.
    expect(missing.output.split(problem)).toHaveLength(3);
    expect(missing.output).toContain(`kvm3: ${problem}`);
    expect(missing.output).toMatch(/not asked: \S*kvm2\S* is not reached by SSH/);
    expect(missing.output).not.toContain("network 'servers'");
    synth();
  }, 60_000);

  it('leave their data disks behind when they move, and the old one is gone before the new one starts', () => {
    synth({ pin: 'kvm2', move: DataDiskMove.LEAVE });
    const output = apply('web');
    const gone = output.search(/libvirt_domain\.web_web-0_on-kvm1_\w+: Destruction complete/);
    const made = output.search(/libvirt_domain\.web_web-0_on-kvm2_\w+: Creating/);
    expect(gone).toBeGreaterThan(-1);
    expect(made).toBeGreaterThan(gone);
    expect(virsh('kvm1', 'list', '--all', '--name')).toEqual(['pair-0']);
    expect(virsh('kvm2', 'list', '--name')).toContain('web-0');
    expect(virsh('kvm1', 'vol-list', POOL)).toContain('web-0-data.qcow2');
  }, 60_000);

  it('take over a copy that was made by hand', () => {
    const [volume, copy] = ['web-0-data.qcow2', join(directory, 'copy.qcow2')];
    virsh('kvm2', 'destroy', 'web-0');
    virsh('kvm2', 'vol-download', '--pool', POOL, volume, copy);
    const size = String(readFileSync(copy).length);
    virsh('kvm3', 'vol-create-as', POOL, volume, size, '--format', 'raw');
    virsh('kvm3', 'vol-upload', '--pool', POOL, volume, copy);
    virsh('kvm3', 'pool-refresh', POOL);
    synth({ pin: 'kvm3', move: DataDiskMove.COPIED });
    expect(apply('web')).toContain('1 imported');
    expect(virsh('kvm3', 'list', '--name')).toContain('web-0');
    synth();
    expect(terraform('web', 'plan', '-detailed-exitcode').code).toBe(0);
  }, 60_000);

  it('are planned and applied while a hypervisor that holds none of them is dead', () => {
    const { parts } = JSON.parse(cloudless('lab', 'status', '--json')) as LabStatus;
    process.kill(parts.find(({ name }) => name === 'kvm3/libvirtd')!.pid!);
    expect(terraform('base-images-kvm3', 'plan').code).toBe(1);
    expect(terraform('web', 'plan').code).toBe(1);
    expect(terraform('pair', 'plan', '-detailed-exitcode').code).toBe(0);
    synth({ vcpus: 2 });
    apply('pair');
  }, 60_000);
});
