import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debian12 } from '../../images/debian-12';
import { debian12Hardened } from '../../images/debian-12-hardened';
import { buildImage, PackageChoice } from '../../images/build/build-image';
import { ImageStore } from '../../images/build/image-store';
import { installedPackages } from '../../images/build/installed-packages';
import { packageStage } from '../../images/build/package-stage';
import { parseReleaseStamp } from '../../images/build/release-stamp';
import { readImage } from '../../images/build/verify-seal';
import type { AnsibleProvisioner, ImageDefinition } from '../../images/definition';
import { lockUpdate } from '../../images/lock/update';
import { PackageLock } from '../../images/lock/package-lock';
import { provision } from '../../images/provision/provision';
import { promoteRelease, releaseImage } from '../../images/release/release-image';
import { ReleaseCatalog } from '../../images/release/release-catalog';
import type { CycloneDx } from '../../images/release/sbom';
import type { ProvenanceStatement } from '../../images/release/provenance';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { SILENT } from '../../lib/core/progress';
import { ImageCatalog } from '../../lib/image/catalog';
import type { CatalogEntry } from '../../catalog/catalog-file';

const BUILD_MS = 600_000;
const work = mkdtempSync(join(tmpdir(), 'cloudless-factory-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const step = SILENT.step('');

test(
  'two builds of the same definition with the same lock are the same bytes',
  async () => {
    const build = async (name: string): Promise<[CatalogEntry, ImageStore]> => {
      const store = new ImageStore(join(work, name));
      return [(await buildImage(debian12, SILENT, { store })).entry, store];
    };

    const [[first, store], [second]] = [await build('one'), await build('two')];

    expect(second).toEqual(first);
    expect(second.digest).toBe(Digest.ofFile(store.pathOf(first)).toString());
    expect(readdirSync(join(work, 'two')).sort()).toEqual(readdirSync(join(work, 'one')).sort());
  },
  BUILD_MS,
);

test(
  'forty machines over one image cost less than 50 MiB before their first boot',
  async () => {
    const store = new ImageStore(join(work, 'one'));
    const { entry } = await buildImage(debian12, SILENT, { store });
    const overlays = Array.from({ length: 40 }, (_, index) => join(work, `overlay-${index}.qcow2`));

    for (const overlay of overlays) {
      const backing = ['-b', store.pathOf(entry), '-F', 'qcow2'];
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, overlay, '20G']);
    }

    const used = overlays.reduce((sum, overlay) => sum + statSync(overlay).blocks * 512, 0);
    expect(used).toBeLessThan(50 * 2 ** 20);
  },
  BUILD_MS,
);

describe('a release of debian-12', () => {
  const tree = join(work, 'tree');
  const definition: ImageDefinition = { ...debian12, version: '1.4.0' };
  let catalog: ReleaseCatalog;
  let entry: CatalogEntry;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', tree, '-c', 'user.name=R', '-c', 'user.email=r@example.org', ...args], {
      stdio: 'pipe',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).toString();
  const store = join(work, 'store');

  beforeAll(async () => {
    mkdirSync(join(tree, 'images'), { recursive: true });
    for (const { name } of [debian12, debian12Hardened])
      cpSync(PackageLock.pathOf(name), join(tree, `images/${name}.lock.json`));
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'images');
    git('tag', 'debian-12-v1.4.0');
    const key = join(work, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    catalog = new ReleaseCatalog(join(work, 'releases/catalog.json'), store);
    mkdirSync(join(work, 'releases'));
    writeFileSync(
      join(work, 'releases/allowed_signers'),
      `r@example.org ${readFileSync(`${key}.pub`, 'utf8')}`,
    );
    entry = await releaseImage(definition, SILENT, { directory: tree, catalog, keyFile: key });
  }, BUILD_MS);

  test('is found in the catalog, signed, with every format in the store', () => {
    const found = ImageCatalog.load(catalog.path).release('debian-12', { channel: 'testing' });

    expect(found).toMatchObject({ version: '1.4.0', commit: git('rev-parse', 'HEAD').trim() });
    expect(entry.formats?.map(({ format }) => format)).toEqual(['raw.zst', 'vmdk', 'ova', 'vhd', 'vhdx']);
    for (const { file, digest } of [...(entry.formats ?? []), entry.sbom, entry.provenance].filter(
      (each) => each !== undefined,
    ))
      expect(Digest.ofFile(join(store, file)).toString()).toBe(digest);
    expect(() => ImageCatalog.load(catalog.path).release('debian-12', { channel: 'stable' })).toThrow(
      'no release in channel',
    );
  });

  test('says inside what it is', async () => {
    const stamp = await readImage(catalog.pathOf(entry), work, (image) =>
      image.read('/etc/cloudless-release'),
    );

    expect(parseReleaseStamp(stamp)).toMatchObject({
      NAME: 'debian-12',
      VERSION: '1.4.0',
      RELEASE: 'yes',
      COMMIT: git('rev-parse', 'HEAD').trim(),
      DEFINITION: entry.definition,
    });
  });

  test('has a bill of materials of what dpkg says is installed, and the provenance of each file', async () => {
    const read = (file: string | undefined): unknown =>
      JSON.parse(readFileSync(join(store, file ?? ''), 'utf8'));
    const sbom = read(entry.sbom?.file) as CycloneDx;
    const provenance = read(entry.provenance?.file) as ProvenanceStatement;
    const inside = await readImage(catalog.pathOf(entry), work, (image) =>
      image.read('/var/lib/dpkg/status'),
    );

    expect(sbom.metadata.component.hashes?.[0]?.content).toBe(Digest.of(entry.digest).hex);
    expect(sbom.components.length).toBe([...inside.matchAll(/^Status: install ok installed$/gm)].length);
    expect(Object.fromEntries(sbom.components.map((each) => [each.name, each.version]))).toEqual(
      entry.packages,
    );
    expect(provenance.subject.map(({ digest }) => `sha256:${digest?.sha256 ?? ''}`)).toEqual([
      entry.digest,
      ...(entry.formats ?? []).map(({ digest }) => digest),
    ]);
    const dependencies = provenance.predicate.buildDefinition.resolvedDependencies;
    expect(dependencies.filter(({ digest }) => digest === undefined)).toEqual([]);
  });

  test('is promoted once its file is checked, and not when the file is another', async () => {
    await promoteRelease('debian-12', '1.4.0', 'stable', catalog, SILENT);
    expect(ImageCatalog.load(catalog.path).release('debian-12', { channel: 'stable' }).version).toBe('1.4.0');

    // The file of a development build under the name of the release.
    const fake = new ReleaseCatalog(join(work, 'fake/catalog.json'), join(work, 'fake'));
    const development = (await buildImage(debian12, SILENT, { store: new ImageStore(join(work, 'one')) }))
      .entry;
    const partial = fake.partialPath('debian-12');
    cpSync(join(work, 'one', development.file), partial);
    const claimed = { ...entry, digest: development.digest, size: development.size };
    fake.add('debian-12', claimed, [{ partial, file: entry.file }]);
    await expect(promoteRelease('debian-12', '1.4.0', 'stable', fake, SILENT)).rejects.toThrow(
      /the image is not sealed:\n {2}stamp: .*VERSION is 1\.0\.0-/,
    );
  }, 60_000);

  test('is not made again, nor from a tree that is not what the tag says', async () => {
    const options = { directory: tree, catalog, keyFile: join(work, 'key') };
    await expect(releaseImage(definition, SILENT, options)).rejects.toThrow('is released already');
    writeFileSync(join(tree, 'images/debian-12.ts'), 'changed');
    await expect(releaseImage(definition, SILENT, options)).rejects.toThrow(
      'the tree is not what tag debian-12-v1.4.0 says',
    );
    rmSync(join(tree, 'images/debian-12.ts'));
  });

  test('that was revoked is no parent any more', async () => {
    git('tag', 'debian-12-hardened-v1.0.0');
    const child: ImageDefinition = {
      ...debian12Hardened,
      parent: { name: 'debian-12', version: '1.4.0', definition: entry.definition },
    };
    const options = { directory: tree, catalog, keyFile: join(work, 'key') };
    await expect(releaseImage(debian12Hardened, SILENT, options)).rejects.toThrow(
      "parent 'debian-12' 1.0.0 of 'debian-12-hardened' is not released",
    );

    catalog.revoke('debian-12', '1.4.0', 'leaks a key');

    await expect(releaseImage(child, SILENT, options)).rejects.toThrow(
      "parent 'debian-12' 1.4.0 of 'debian-12-hardened' was revoked: leaks a key; release a newer version",
    );
  });
});

test(
  'a full disk is an error in words, and leaves nothing',
  async () => {
    // A file system of its own in a mount name space of its own: it is gone with the process.
    const script = 'mount -t tmpfs -o size=32m small /mnt && echo ready && exec sleep 600';
    const child = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const store = new ImageStore(`/proc/${child.pid}/root/mnt/images`);

      await expect(buildImage(debian12, SILENT, { store })).rejects.toThrow(
        /there is no room for the image: .*mnt\/images has \d MiB left.*make room/,
      );

      expect(readdirSync(store.directory)).toEqual([]);
    } finally {
      child.kill('SIGKILL');
    }
  },
  BUILD_MS,
);

test(
  'a package that does not exist, and a lock that is not there, are errors in words',
  async () => {
    const store = new ImageStore(join(work, 'failing'));
    const wrong = { ...debian12, name: 'wrong', packages: ['htpo'] };
    await expect(lockUpdate(wrong, SILENT)).rejects.toThrow(
      "image 'wrong': bookworm has no package 'htpo'; correct 'packages' in images/wrong.ts",
    );
    await expect(buildImage(wrong, SILENT, { store, packages: PackageChoice.LOCKED })).rejects.toThrow(
      "image 'wrong' has no lock",
    );
    expect(store.images).toEqual({});
  },
  BUILD_MS,
);

describe('a provisioner', () => {
  const root = join(work, 'root');
  beforeAll(async () => {
    mkdirSync(root);
    const lock = PackageLock.of(debian12);
    const tar = await packageStage(debian12, lock, work, step, false);
    await run('tar', ['-C', root, '--zstd', '-xf', tar]);
    expect(Object.keys(installedPackages(root)).length).toBeGreaterThan(100);
  }, BUILD_MS);
  const provisioned = (...provisioners: NonNullable<ImageDefinition['provisioners']>): Promise<void> =>
    provision(
      { ...debian12, provisioners, permissions: [{ path: '/etc/motd', mode: '0600' }] },
      root,
      mkdtempSync(join(work, 'p-')),
    );

  test('runs a script in the image, without the network and the processes of this machine', async () => {
    await provisioned(
      { type: 'files', files: [{ path: '/opt/hello', content: 'hello\n' }] },
      {
        type: 'shell',
        script:
          'cat /opt/hello > /etc/motd\nhostname > /opt/host\nls /sys/class/net /proc | grep -c "^[0-9]" > /opt/processes\n',
      },
    );

    expect(readFileSync(join(root, 'etc/motd'), 'utf8')).toBe('hello\n');
    expect(readFileSync(join(root, 'opt/host'), 'utf8')).toBe('localhost\n');
    expect(Number(readFileSync(join(root, 'opt/processes'), 'utf8'))).toBeLessThan(10);
    await expect(provisioned({ type: 'shell', script: 'echo no luck >&2; false' })).rejects.toThrow(
      /image 'debian-12': provisioner 1 \(shell\): .*\n?no luck/s,
    );
  });

  test('comes after the users of the definition, who cannot log in and carry no date of the build', async () => {
    const users = [{ name: 'app', id: 900, home: '/srv/app' }];
    await provision({ ...debian12, users }, root, mkdtempSync(join(work, 'p-')));

    const line = (file: string): string | undefined =>
      /^app:.*$/m.exec(readFileSync(join(root, file), 'utf8'))?.[0];
    const days = Math.floor(Date.parse(debian12.sourceDate) / 86_400_000);
    expect(line('etc/passwd')).toBe('app:x:900:900::/srv/app:/usr/sbin/nologin');
    expect(line('etc/shadow')).toBe(`app:!:${days}::::::`);
  });

  const playbook = (tasks: string): AnsibleProvisioner => ({
    type: 'ansible',
    playbook: `- hosts: image\n  gather_facts: false\n  tasks:\n${tasks}`,
    files: { 'app.conf.j2': 'colour = {{ colour }}\n' },
  });
  const template =
    '    - name: configuration\n      ansible.builtin.template: {src: app.conf.j2, dest: /etc/app.conf, mode: "0640"}\n      vars: {colour: blue}\n';
  const withAnsible = existsSync('/usr/bin/ansible-playbook') ? test : test.skip; // apt-get install ansible-core
  withAnsible(
    'runs a playbook against the image, and takes it when its second run changes nothing',
    async () => {
      await provisioned(playbook(template));

      expect(readFileSync(join(root, 'etc/app.conf'), 'utf8')).toBe('colour = blue\n');
      expect(existsSync(join(root, 'root/.ansible'))).toBe(false);
    },
    120_000,
  );
  withAnsible(
    'does not take a playbook whose second run changes something, nor one that fails',
    async () => {
      const again = '    - name: counter\n      ansible.builtin.shell: date >> /etc/counter\n';
      await expect(provisioned(playbook(template + again))).rejects.toThrow(
        "the second run of the playbook changed something again: 'counter'",
      );
      const failing = '    - name: failing\n      ansible.builtin.command: /bin/false\n';
      await expect(provisioned(playbook(failing))).rejects.toThrow(/the playbook failed: 'failing'/);
    },
    180_000,
  );
});
