// Generates .gen from the provider schemas stored in schemas/, offline, when they or the generator changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const inputs = [
  'cdktf.json',
  'node_modules/cdktf-cli/package.json',
  ...readdirSync('schemas')
    .sort()
    .map((f) => `schemas/${f}`),
];
const hash = createHash('sha256');
for (const file of inputs) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
const digest = hash.digest('hex');
const stamp = '.gen/inputs.sha256';
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) process.exit(0);

rmSync('.gen', { recursive: true, force: true });
rmSync('dist/.gen', { recursive: true, force: true });
rmSync('dist/.gen.tsbuildinfo', { force: true });
mkdirSync('.gen');
execFileSync(process.execPath, ['node_modules/cdktf-cli/bundle/bin/cdktf', 'get', '--force'], {
  stdio: ['ignore', process.env.CI ? 'ignore' : 'inherit', 'inherit'],
  env: {
    ...process.env,
    CDKTF_EXPERIMENTAL_PROVIDER_SCHEMA_CACHE_PATH: 'schemas',
    CHECKPOINT_DISABLE: '1',
    DISABLE_VERSION_CHECK: '1',
  },
});
writeFileSync(stamp, digest);
