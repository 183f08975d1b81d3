import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import {
  Cidr,
  Environment,
  Fqdn,
  LibvirtUri,
  MacAddress,
  StoragePool,
  ValidationError,
  VmPool,
} from '../../lib';
import { temporaryDirectory, TestSite } from '../support/site';

interface Manifest {
  readonly stacks: Record<
    string,
    { annotations: { level: string; message: string }[]; dependencies: string[] }
  >;
}

describe('the site key', () => {
  it('is made at first use, for its owner only', () => {
    const site = new TestSite();
    expect(statSync(join(site.directory, 'site.key')).mode & 0o777).toBe(0o600);
  });

  it('fails when it is another one than the machines were made with', () => {
    const site = new TestSite();
    new VmPool(site.stack('web'), 'web', { ...site.machine, count: 1 });
    site.synth();
    const other = new TestSite();
    rmSync(join(site.directory, 'site.key'));
    writeFileSync(join(site.directory, 'site.key'), readFileSync(join(other.directory, 'site.key')), {
      mode: 0o600,
    });
    expect(() => new TestSite(site.directory)).toThrow(
      /test: the site key .*site\.key is SHA256:.*, but the machines in test\.lock\.json were made with SHA256:/,
    );
  });
});

describe('a stack', () => {
  it('keeps its state beside the output, at a path that does not depend on where that is', () => {
    const site = new TestSite().synth();
    expect(site.json('base').terraform?.backend).toEqual({
      local: { path: '../../../state/test-base.tfstate' },
    });
  });

  it('warns when the libvirt socket that it needs is not on this machine, and says what to do', () => {
    const site = new TestSite(undefined, {
      hypervisor: { uri: LibvirtUri.socket('/nowhere/libvirt-sock') },
    }).synth();
    const manifest = JSON.parse(
      readFileSync(join(site.directory, 'cdktf.out', 'manifest.json'), 'utf8'),
    ) as Manifest;
    expect(manifest.stacks['test-base']!.annotations).toEqual([
      expect.objectContaining({
        level: '@cdktf/warn',
        message: expect.stringMatching(
          /^hypervisor 'kvm1': there is no libvirt socket \/nowhere\/libvirt-sock on this machine/,
        ),
      }),
    ]);
  });

  it('fails when two storage pools of a hypervisor have one name', () => {
    const site = new TestSite();
    const again = { hypervisor: site.hypervisor, path: '/srv/pool' };
    new StoragePool(site.stack('more'), 'default', again);
    expect(() => site.synth()).toThrow(
      "test-more/default: storage pool 'default' is already taken by test-base/default (hypervisor kvm1)",
    );
  });
});

describe('the lock file in a pipeline', () => {
  const ci = process.env.CI;
  afterEach(() => {
    process.env.CI = ci;
    if (ci === undefined) delete process.env.CI;
  });

  /** What a pipeline's synth of one machine says. */
  function synthInPipeline(directory: string, machine: string): string {
    process.env.CI = 'true';
    const app = new App({ outdir: join(directory, 'out') });
    const environment = new Environment(app, 'test', {
      domain: Fqdn.of('test.internal'),
      lockFile: join(directory, 'test.lock.json'),
      siteKeyFile: join(directory, 'site.key'),
    });
    const cidr = Cidr.of('10.20.0.0/24');
    environment.lock.allocate({
      network: 'lan',
      cidr,
      member: machine,
      range: { first: cidr.host(10), last: cidr.lastHost },
      excluded: [],
      mac: MacAddress.derived('test', 'lan', machine),
    });
    try {
      app.synth();
    } catch (error) {
      expect(error).toBeInstanceOf(ValidationError);
      return (error as Error).message;
    }
    return '';
  }

  it('is refused when it is out of date, with a change that git applies', () => {
    const directory = temporaryDirectory();
    const message = synthInPipeline(directory, 'web-0');
    expect(message).toMatch(
      /^test\.lock\.json: is out of date, and in a pipeline \(CI=true\) it is not written; commit/,
    );
    expect(existsSync(join(directory, 'test.lock.json'))).toBe(false);
    const apply = (text: string) => {
      execFileSync('git', ['apply', '-'], { cwd: directory, input: text.slice(text.indexOf('--- ')) });
    };
    apply(message);
    expect(synthInPipeline(directory, 'web-0')).toBe('');
    apply(synthInPipeline(directory, 'web-1'));
    expect(synthInPipeline(directory, 'web-1')).toBe('');
  });
});
