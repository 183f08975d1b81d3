// Writes schemas/<type>@<version>.json for each plugin: what Terraform reads from the built file, in the form `cdktf get`
// takes as its schema cache. `node provider/schema.mjs` after `npm run build`; with --check it only compares, and fails on a
// difference.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, plugins } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function readSchema({ address, version, file }) {
  const directory = mkdtempSync(join(tmpdir(), 'provider-schema-'));
  try {
    const platform = `${process.platform}_${{ x64: 'amd64' }[process.arch] ?? process.arch}`;
    const home = join(directory, 'terraform.d/plugins', address, version, platform);
    mkdirSync(home, { recursive: true });
    copyFileSync(file, join(home, basename(file)));
    const [, namespace, type] = address.split('/');
    const required = { [type]: { source: `${namespace}/${type}`, version } };
    writeFileSync(
      join(directory, 'main.tf.json'),
      JSON.stringify({ terraform: { required_providers: required } }),
    );
    const terraform = (...args) =>
      execFileSync(process.env.TERRAFORM_BINARY_NAME || 'terraform', args, {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_DATA_DIR: '', TF_CLI_CONFIG_FILE: '/dev/null' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    terraform('init', '-backend=false', '-input=false');
    const schema = JSON.parse(terraform('providers', 'schema', '-json'));
    return `${JSON.stringify(sorted({ ...schema, provider_versions: { [address]: version } }), null, 2)}\n`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const plugin of plugins) {
  if (!existsSync(plugin.file)) await bundle(plugin);
  const name = `schemas/${plugin.address.split('/').pop()}@${plugin.version}.json`;
  const wanted = readSchema(plugin);
  const target = join(root, name);
  if (!check) writeFileSync(target, wanted);
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== wanted) {
    console.error(
      `${name} is not what the built plugin says; run: npm run build && node provider/schema.mjs`,
    );
    process.exitCode = 1;
  }
}
