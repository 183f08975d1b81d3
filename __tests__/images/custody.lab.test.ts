import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'cdktf';
import {
  Accelerator,
  BaseImage,
  Cidr,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  LockChanges,
  NatNetwork,
  Size,
  SshKeyPair,
} from '../../lib';
import { Digest } from '../../lib/core/digest';
import { imageRecordIn } from '../../lib/image/image-record';
import { ReleaseCatalog } from '../../images/release/release-catalog';
import { labDirectory, labSite } from '../../lab/site';
import { BaseImagesStack, VmPoolStack } from '../../stacks';
import { releaseEntry, writeReleases } from '../support/releases';
import { temporaryDirectory } from '../support/site';

const NAME = `custody-${process.pid}`;
const directory = temporaryDirectory();
const CATALOG = join(directory, 'catalog.json');
const BILL = JSON.stringify({ bomFormat: 'CycloneDX', components: [{ name: 'bash' }] });
const NETWORK = `<network><name>lan</name><bridge name="custody0"/></network>`;

function cloudless(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(resolve('bin/cloudless'), args, {
    env: { ...process.env, CLOUDLESS_LAB: NAME },
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

function inLab(...command: string[]): string {
  const { status, output } = cloudless('lab', 'exec', '--', ...command);
  expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
  return output;
}

/** `cloudless image …` for the machines of this test. */
function image(command: string, ...args: string[]): { status: number | null; output: string } {
  const here = ['lab', 'exec', '--', resolve('bin/cloudless')];
  return cloudless(...here, 'image', command, ...args, '--hypervisor', uri(), '--catalog', CATALOG);
}

const uri = (): string => labSite(NAME).hypervisors[0].uri;
const virsh = (...command: string[]): string => inLab('virsh', '-q', '-c', uri(), ...command);
const folder = (stack: string): string => join(directory, 'cdktf.out/stacks', `site-${stack}`);
const terraform = (stack: string, ...args: string[]): string =>
  inLab('terraform', `-chdir=${folder(stack)}`, ...args, '-no-color', '-input=false');

/** A release whose disk is empty: machines start, and their firmware waits. */
function release(): void {
  const blank = join(directory, 'blank.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', blank, '16M']);
  const digest = Digest.ofFile(blank);
  const sbom = { file: 'debian-12-1.0.0.cdx.json', digest: Digest.ofBytes(BILL).toString() };
  const file = `debian-12-1.0.0-${digest.short}.qcow2`;
  const facts = { digest: digest.toString(), file, size: statSync(blank).size, virtualSize: 2 ** 24 };
  writeReleases(directory, releaseEntry('1.0.0', { ...facts, sbom }));
  copyFileSync(blank, join(directory, 'store', file));
  writeFileSync(join(directory, 'store', sbom.file), BILL);
}

function synth(): void {
  const app = new App({ outdir: join(directory, 'cdktf.out') });
  const environment = new Environment(app, 'site', {
    domain: Fqdn.of('site.internal'),
    lockFile: join(directory, 'site.lock.json'),
    siteKeyFile: join(directory, 'site.key'),
    lockChanges: LockChanges.WRITE,
  });
  const hypervisor = new Hypervisor(environment, 'kvm1', {
    uri: LibvirtUri.fromUri(uri()),
    accelerator: Accelerator.TCG,
  });
  const images = new BaseImagesStack(environment, 'base-images', {
    hypervisor,
    storagePath: join(labSite(NAME).hypervisors[0].storage, 'custody'),
    images: {
      debian: BaseImage.fromCatalog('debian-12', {
        channel: 'stable',
        catalog: ImageCatalog.load(CATALOG),
      }),
    },
  });
  const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
  new VmPoolStack(environment, 'web', {
    count: 1,
    image: images.image('debian'),
    network: NatNetwork.fromAttributes({
      networkName: 'lan',
      hypervisors: [hypervisor],
      cidr: Cidr.of('10.79.0.0/24'),
    }),
    memory: Size.mib(64),
    administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
  });
  app.synth();
}

describe('the chain from a running machine to what is in its image', () => {
  beforeAll(() => {
    expect(cloudless('lab', 'up')).toMatchObject({ status: 0 });
    writeFileSync(join(directory, 'network.xml'), NETWORK);
    virsh('net-define', join(directory, 'network.xml'));
    virsh('net-start', 'lan');
    release();
    synth();
    for (const stack of ['base-images', 'web']) {
      terraform(stack, 'init');
      terraform(stack, 'apply', '-auto-approve');
    }
  }, 180_000);

  afterAll(() => {
    cloudless('lab', 'down', '--purge');
    rmSync(labDirectory(NAME), { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('begins in the domain, and no second plan wants to change it', () => {
    const entry = new ReleaseCatalog(CATALOG).get('debian-12', '1.0.0');

    expect(imageRecordIn(virsh('dumpxml', 'web-0'))).toEqual({
      name: 'debian-12',
      version: '1.0.0',
      digest: entry.digest,
      commit: entry.release?.commit,
      built: entry.release?.builtAt,
      definition: entry.definition,
      sbom: entry.sbom?.digest,
    });
    terraform('web', 'plan', '-detailed-exitcode');
    expect(virsh('vol-list', 'site')).toContain(entry.file); // a volume says it by its name
  });

  it('leads to the bill of materials', () => {
    const { status, output } = image('sbom', 'web-0', '--json');

    expect(status).toBe(0);
    const bill = JSON.parse(output) as { sbom: string };
    expect(bill).toMatchObject({ version: '1.0.0', components: 1, named: 'by the domain' });
    expect(readFileSync(bill.sbom, 'utf8')).toBe(BILL);
    expect(image('sbom', 'web-9').output).toContain("there is no machine 'web-9'");
  });

  it('is told for all machines', () => {
    const [machine] = JSON.parse(image('where', '--json').output) as Record<string, unknown>[];

    expect(machine).toMatchObject({
      machine: 'web-0',
      isRunning: true,
      record: { name: 'debian-12', version: '1.0.0', commit: 'a'.repeat(40) },
      standing: { state: 'current' },
    });
  });

  it('holds for a machine that was made without it, and that one is not replaced for it', () => {
    virsh('desc', 'web-0', '--live', '--config', '--new-desc', '');
    expect(imageRecordIn(virsh('dumpxml', 'web-0'))).toBeUndefined();

    terraform('web', 'plan', '-detailed-exitcode');
    const [machine] = JSON.parse(image('where', '--json').output) as Record<string, unknown>[];
    expect(machine).toMatchObject({ image: { imageName: 'debian-12', version: '1.0.0' } });
    expect(machine).not.toHaveProperty('record');
    expect(JSON.parse(image('sbom', 'web-0', '--json').output)).toMatchObject({
      named: 'by the base volume',
    });
  });

  it('tells who runs a release that was revoked, which no synth takes any more', () => {
    new ReleaseCatalog(CATALOG).revoke('debian-12', '1.0.0', 'CVE-2026-1 in openssh');

    expect(image('where').output).toMatch(
      /web-0 +running +debian-12 1\.0\.0 +revoked: CVE-2026-1 in openssh/,
    );
    expect(synth).toThrow(
      /debian-12' 1\.0\.0, which site\.lock\.json has for channel 'stable', was revoked on .*cloudless image pin site/,
    );
  });
});
