import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { cacheDirectory } from '../../lib/core/cache';
import { run } from '../../lib/core/command';
import { installProviders } from '../../lab/providers/install';
import { isInstalled, mirrorDirectory, PROVIDER_PLUGINS } from '../../lab/providers/provider-plugin';

const local = PROVIDER_PLUGINS.find(({ type }) => type === 'local')!;
const hasGo = spawnSync('go', ['version']).status === 0;

describe('installing providers', () => {
  const before = { ...process.env };
  let mirror: string;
  let cache: string;

  beforeAll(async () => {
    await installProviders({ only: ['local'] });
    mirror = cacheDirectory('providers');
  }, 600_000);

  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'cloudless-providers-'));
    process.env.CLOUDLESS_CACHE = cache;
  });

  afterEach(() => {
    process.env = { ...before };
    rmSync(cache, { recursive: true, force: true });
  });

  /** Lets Terraform look for providers in this directory and nowhere else. */
  function onlyMirror(path: string): void {
    const file = join(cache, 'terraform.rc');
    writeFileSync(file, `provider_installation {\n  filesystem_mirror {\n    path = "${path}"\n  }\n}\n`);
    process.env.TF_CLI_CONFIG_FILE = file;
  }

  /** Hides a program although it is on this machine: only the directories of the others stay on the path. */
  function hide(program: string): void {
    const paths = (process.env.PATH ?? '')
      .split(delimiter)
      .filter((path) => !existsSync(join(path, program)));
    const links = join(cache, 'bin');
    mkdirSync(links, { recursive: true });
    for (const other of ['terraform', 'node', 'go'].filter((name) => name !== program)) {
      const found = (before.PATH ?? '').split(delimiter).find((path) => existsSync(join(path, other)));
      if (found && !existsSync(join(links, other))) symlinkSync(join(found, other), join(links, other));
    }
    process.env.PATH = [links, ...paths].join(delimiter);
  }

  it('takes a provider from a configured mirror without asking for Go', async () => {
    onlyMirror(mirror);
    hide('go');
    expect(await installProviders({ only: ['local'] })).toEqual([local]);
    expect(isInstalled(local)).toBe(true);
    expect(readdirSync(join(cache, 'drafts'))).toEqual([]);
  });

  (hasGo ? it : it.skip)(
    'builds a provider from its pinned module when Terraform cannot get it',
    async () => {
      onlyMirror(join(cache, 'empty'));
      expect(await installProviders({ only: ['local'] })).toEqual([local]);
      expect(isInstalled(local)).toBe(true);
    },
    600_000,
  );

  it('makes a mirror that Terraform reads through a link in terraform.d, without configuration', async () => {
    onlyMirror(mirror);
    await installProviders({ only: ['local'] });
    delete process.env.TF_CLI_CONFIG_FILE;
    const stack = join(cache, 'stack');
    mkdirSync(join(stack, 'terraform.d'), { recursive: true });
    symlinkSync(cacheDirectory('providers'), join(stack, 'terraform.d', 'plugins'));
    const required = { local: { source: 'hashicorp/local', version: local.version } };
    writeFileSync(
      join(stack, 'main.tf.json'),
      JSON.stringify({
        terraform: { required_providers: required },
        resource: { local_sensitive_file: { probe: { content: 'made', filename: 'made.txt' } } },
      }),
    );
    const environment = { ...process.env, CHECKPOINT_DISABLE: '1', HTTPS_PROXY: 'http://127.0.0.1:1' };
    await run('terraform', ['init', '-input=false'], { cwd: stack, env: environment });
    await run('terraform', ['apply', '-auto-approve', '-input=false'], { cwd: stack, env: environment });
    expect(existsSync(join(stack, 'made.txt'))).toBe(true);
  });

  it('does nothing when all are there', async () => {
    onlyMirror(mirror);
    await installProviders({ only: ['local'] });
    process.env.PATH = '/nowhere';
    expect(await installProviders({ only: ['local'] })).toEqual([]);
  });

  it('replaces what a broken installation left', async () => {
    mkdirSync(mirrorDirectory(local), { recursive: true });
    writeFileSync(join(mirrorDirectory(local), `terraform-provider-local_v${local.version}`), '');
    onlyMirror(mirror);
    expect(await installProviders({ only: ['local'] })).toEqual([local]);
    expect(isInstalled(local)).toBe(true);
  });

  it('says what was tried, why it failed and what helps', async () => {
    hide('terraform');
    process.env.GOMODCACHE = join(cache, 'modules');
    process.env.GOPROXY = 'off';
    if (!hasGo) process.env.PATH = '/nowhere';
    const problem = await failure();
    expect(problem).toContain('provider hashicorp/local 2.9.0 could not be installed\n');
    expect(problem).toContain(
      "\n- from a configured mirror or the registry, with 'terraform init': terraform: is not installed\n",
    );
    expect(problem).toMatch(
      hasGo
        ? /\n- built on this machine, with 'go build': .*module lookup disabled by GOPROXY=off/
        : /\n- built on this machine, with 'go build': go: is not installed\n/,
    );
    expect(problem).toMatch(/\nany one of these helps: .*\nthen run again: cloudless providers install$/);
    expect(isInstalled(local)).toBe(false);
  });

  (hasGo ? it : it.skip)(
    'asks a registry out of reach once, not once for each provider',
    async () => {
      const file = join(cache, 'terraform.rc');
      writeFileSync(
        file,
        'host "registry.terraform.io" { services = { "providers.v1" = "http://127.0.0.1:1/v1/" } }\n',
      );
      process.env.TF_CLI_CONFIG_FILE = file;
      const asked: string[] = [];
      const update = (detail: string): void => {
        if (detail.includes('Terraform')) asked.push(detail);
      };
      const step = () => ({ update, done: () => undefined, fail: () => undefined });
      const installed = await installProviders({
        only: ['ignition', 'local'],
        progress: { step, note: () => undefined },
      });
      expect(installed.map(({ type }) => type)).toEqual(['ignition', 'local']);
      expect(asked).toEqual(['asking Terraform for it']);
    },
    600_000,
  );

  it('refuses providers it does not know', async () => {
    await expect(installProviders({ only: ['aws'] })).rejects.toThrow(
      "unknown provider 'aws'; choose from libvirt, ignition, local",
    );
  });

  async function failure(): Promise<string> {
    try {
      await installProviders({ only: ['local'] });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('was installed');
  }
});
