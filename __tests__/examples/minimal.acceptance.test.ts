import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory, writeTestCatalog } from '../support/site';

const ROOT = resolve(__dirname, '..', '..');

/** What another repository does: installs the packed library from its tarball, compiles against its types, synthesises. */
it('compiles and synthesises the minimal example from the packed tarball', () => {
  const directory = temporaryDirectory();
  const sh = (program: string, args: string[], cwd = directory, env: NodeJS.ProcessEnv = process.env) =>
    execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  const packed = JSON.parse(
    sh('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], ROOT),
  ) as [{ filename: string }];
  cpSync(join(ROOT, 'examples', 'minimal'), directory, { recursive: true });
  sh('npm', [
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(directory, packed[0].filename),
  ]);
  sh('npm', ['run', '--silent', 'build']);

  sh('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'operator')]);
  writeTestCatalog(join(directory, 'cache', 'images'));
  const output = sh('npm', ['run', '--silent', 'synth'], directory, {
    ...process.env,
    CLOUDLESS_CACHE: join(directory, 'cache'),
    CI: '', // as at home, where the first synth writes the lock file
  });
  expect(output).toContain('web-1.home.internal will have 10.30.0.11');
  const json = JSON.parse(
    readFileSync(join(directory, 'cdktf.out', 'stacks', 'home-all', 'cdk.tf.json'), 'utf8'),
  ) as {
    resource: Record<string, object>;
  };
  expect(Object.keys(json.resource.libvirt_domain!)).toHaveLength(2);
  expect(sh('npx', ['--no-install', 'cloudless', '--help'])).toContain('image');
}, 240_000);
