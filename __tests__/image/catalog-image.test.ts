import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import {
  BaseImage,
  CloudlessStack,
  Duration,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  LockChanges,
  StoragePool,
  type ReleaseChoice,
} from '../../lib';
import type { CatalogEntry } from '../../catalog/catalog-file';
import { signEntry } from '../../catalog/sign-entry';
import { BaseImages } from '../../stacks';
import { releaseEntry, writeReleases } from '../support/releases';
import { temporaryDirectory } from '../support/site';

const STABLE = { channel: 'stable' } as const;
const REVOKED = { reason: 'CVE-2026-1 in openssh', at: '2026-11-20T00:00:00Z' };

/** A project with a catalog of releases, synthesised again and again. */
class Project {
  readonly directory = temporaryDirectory();
  readonly lockFile = join(this.directory, 'prod.lock.json');

  constructor(...entries: readonly CatalogEntry[]) {
    this.release(...entries);
  }

  release(...entries: readonly CatalogEntry[]): void {
    writeReleases(this.directory, ...entries);
  }

  environment(app: App, lockChanges: LockChanges): Environment {
    return new Environment(app, 'prod', {
      domain: Fqdn.of('prod.internal'),
      lockFile: this.lockFile,
      siteKeyFile: join(this.directory, 'site.key'),
      lockChanges,
    });
  }

  image(choice: ReleaseChoice) {
    return BaseImage.fromCatalog('debian-12', {
      catalog: ImageCatalog.load(join(this.directory, 'catalog.json')),
      ...choice,
    });
  }

  /** One run of the program with one image. @returns the volume's name */
  synth(choice: ReleaseChoice, lockChanges = LockChanges.WRITE): string {
    const app = new App({ outdir: join(this.directory, 'cdktf.out') });
    const environment = this.environment(app, lockChanges);
    const hypervisor = new Hypervisor(environment, 'kvm1', { uri: LibvirtUri.local() });
    const stack = new CloudlessStack(environment, 'images');
    const storagePool = new StoragePool(stack, 'default', { hypervisor, path: '/srv/images' });
    const image = new BaseImage(stack, 'debian', { release: this.image(choice), storagePool });
    app.synth();
    return image.volumeName;
  }

  /** Lines of the lock file about images. */
  get pins(): string[] {
    return readFileSync(this.lockFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"image/'))
      .map((line) => line.trim());
  }
}

describe('an image of a channel', () => {
  it('is the newest release of it at first, and is recorded with its digest', () => {
    const project = new Project(releaseEntry('1.9.0'), releaseEntry('1.10.0'));

    expect(project.synth(STABLE)).toMatch(/^debian-12-1\.10\.0-/);

    expect(project.pins).toEqual([
      `"image/debian-12/stable": { "version": "1.10.0", "digest": "${releaseEntry('1.10.0').digest}" },`,
    ]);
  });

  it('stays what it is when a newer release comes', () => {
    const project = new Project(releaseEntry('1.0.0'));
    const before = project.synth(STABLE);
    project.release(releaseEntry('1.0.0'), releaseEntry('1.1.0'));

    expect(project.synth(STABLE)).toBe(before);
  });

  it('can be asked to have been out for a while, the first time', () => {
    const fresh = releaseEntry('1.1.0');
    const releasedAt = new Date().toISOString();
    const project = new Project(releaseEntry('1.0.0'), {
      ...fresh,
      release: { ...fresh.release!, releasedAt },
    });

    expect(project.synth({ ...STABLE, minimumAge: Duration.days(7) })).toMatch(/^debian-12-1\.0\.0-/);
  });

  it('is forgotten when nothing asks for it any more', () => {
    const project = new Project(releaseEntry('1.0.0'));
    project.synth(STABLE);
    project.synth({ version: '1.0.0' });

    expect(project.pins.map((line) => line.split('"')[1])).toEqual(['image/debian-12/1.0.0']);
  });

  it('is not recorded in a pipeline: the change has to be committed', () => {
    const project = new Project(releaseEntry('1.0.0'));
    project.synth({ version: '1.0.0' });

    expect(() => project.synth(STABLE, LockChanges.REFUSE)).toThrow(
      /in a pipeline \(CI=true\) it is not written[\s\S]*\+ {2}"image\/debian-12\/stable": \{ "version": "1\.0\.0"/,
    );
    expect(project.pins.join()).not.toContain('stable');
  });

  it('fails when it was revoked after it was pinned, and says why and how to go on', () => {
    const project = new Project(releaseEntry('1.0.0'));
    project.synth(STABLE);
    project.release(releaseEntry('1.0.0', { revoked: REVOKED }), releaseEntry('1.0.1'));

    expect(() => project.synth(STABLE)).toThrow(
      "prod-images/debian: image 'debian-12' 1.0.0, which prod.lock.json has for channel 'stable', was revoked on 2026-11-20: CVE-2026-1 in openssh; see what another release changes, and take it, with: cloudless image pin prod debian-12 --channel stable",
    );
  });

  it('fails when its release is not in the catalog any more', () => {
    const project = new Project(releaseEntry('1.0.0'));
    project.synth(STABLE);
    project.release(releaseEntry('1.1.0'));

    expect(() => project.synth(STABLE)).toThrow(
      /1\.0\.0, which prod\.lock\.json has for channel 'stable', is not in the catalog .* any more; restore that file/,
    );
  });

  it('is one release on all hypervisors', () => {
    const project = new Project(releaseEntry('1.0.0'));
    const app = new App({ outdir: join(project.directory, 'cdktf.out') });
    const environment = project.environment(app, LockChanges.WRITE);
    const hypervisors = ['kvm1', 'kvm2'].map(
      (name) => new Hypervisor(environment, name, { uri: LibvirtUri.socket(`/run/${name}`) }),
    );
    const images = new BaseImages(environment, 'images', {
      hypervisors,
      storagePath: '/srv/images',
      images: { debian: project.image(STABLE) },
    });
    app.synth();

    const volumes = hypervisors.map((each) => images.image('debian').on(each).volumeName);
    expect(new Set(volumes).size).toBe(1);
    expect(project.pins).toHaveLength(1);
  });
});

describe('an image of a version', () => {
  it.each<[string, ReleaseChoice, CatalogEntry, RegExp]>([
    [
      'unknown',
      { version: '9.9.9' },
      releaseEntry('1.0.0'),
      /prod-images\/debian: image 'debian-12' has no version '9\.9\.9'/,
    ],
    [
      'revoked',
      { version: '1.0.0' },
      releaseEntry('1.0.0', { revoked: REVOKED }),
      /1\.0\.0 was revoked on 2026-11-20: CVE/,
    ],
    [
      'a development build',
      { version: '1.0.0-0a1b2c3d' },
      releaseEntry('1.0.0-0a1b2c3d', { release: undefined, channel: undefined }),
      /is a development build, and an image from the catalog is a release; give ImageCatalog/,
    ],
  ])('fails when it is %s', (_, choice, entry, message) => {
    const project = new Project(entry);

    expect(() => project.synth(choice)).toThrow(message);
  });

  it('fails when the catalog has other bytes for it than those it was first used with', () => {
    const project = new Project(releaseEntry('1.0.0'));
    project.synth({ version: '1.0.0' });
    const other = releaseEntry('2.0.0');
    project.release({ ...other, version: '1.0.0', release: releaseEntry('1.0.0').release });

    expect(() => project.synth({ version: '1.0.0' })).toThrow(
      /one version, two contents, and a release never changes; .* remove "image\/debian-12\/1\.0\.0" from the lock file/,
    );
  });

  it('fails when its file is not the one that was released', () => {
    const project = new Project(releaseEntry('1.0.0'));
    const { file } = releaseEntry('1.0.0');
    project.synth({ version: '1.0.0' });
    writeFileSync(join(project.directory, 'store', file), 'THE BYTES OF RELEASE 1.0.0');

    expect(() => project.synth({ version: '1.0.0' })).toThrow(
      /prod-images\/debian: the file of image 'debian-12' 1\.0\.0 is sha256:/,
    );
  });

  it('fails when its entry was changed after it was signed', async () => {
    const project = new Project(releaseEntry('1.0.0'));
    const key = join(project.directory, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    writeFileSync(
      join(project.directory, 'allowed_signers'),
      `release@example.org ${readFileSync(`${key}.pub`, 'utf8')}`,
    );
    const signed = await signEntry('debian-12', releaseEntry('1.0.0'), key);
    project.release(signed);
    project.synth(STABLE);
    project.release({ ...signed, packages: { bash: '6.0' } });

    expect(() => project.synth(STABLE)).toThrow('the entry was changed after it was signed');
  });
});

it('fails when the lock file was edited into nonsense', () => {
  const project = new Project(releaseEntry('1.0.0'));
  project.synth(STABLE);
  const text = readFileSync(project.lockFile, 'utf8');
  writeFileSync(project.lockFile, text.replace(/sha256:[0-9a-f]+/, 'sha256:abc'));

  expect(() => project.synth(STABLE)).toThrow(
    /prod\.lock\.json: image 'debian-12\/stable': .*restore the file/,
  );
});
