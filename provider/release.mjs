// Packs the provider plugins for a release: `node provider/release.mjs` (usage below). Writes to build/release, or --output:
//   <type>/<version>/   zips for each platform, manifest, SHA256SUMS, signature: what a registry asks for
//   registry/           the same as a registry of files, to be served by any web server with TLS; only when signed
// The same source gives the same bytes: no time, user or path is in them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { bundle, plugins } from './bundle.mjs';

const USAGE = `usage: node provider/release.mjs [--output DIRECTORY] [--gpg-key KEY | --sign COMMAND --public-key FILE]
  --gpg-key KEY      sign with this key of gpg (also from the environment: GPG_KEY)
  --sign COMMAND     sign with a command of your own: it reads the file $SUMS and writes $SIGNATURE, a detached
                     OpenPGP signature in binary form
  --public-key FILE  the public key to it, in ASCII armour`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PLATFORMS = ['darwin_amd64', 'darwin_arm64', 'linux_amd64', 'linux_arm64'];
const PROTOCOL = '6.0';

/** Licences of the packages that are part of the bundle, as their terms ask for. */
function licences(sources) {
  const packages = new Set(
    sources.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  );
  const texts = [...packages].sort().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, path)).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? readFileSync(join(root, path, file), 'utf8').trim() : `Licence: ${license}`;
    return `${name} ${version}\n\n${text}\n`;
  });
  return `This program contains the following packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** A zip whose bytes depend on its content alone. Files with the mode that they get when they are unpacked. */
function zip(files) {
  const entries = files.map(({ name, mode, data }) => [
    name,
    // Written on Unix (3), so that the upper half of the attributes is the mode. The time is local to the machine in a zip.
    [data, { mtime: new Date(1980, 0, 1), os: 3, attrs: (0o100000 | mode) * 0x10000, level: 9 }],
  ]);
  return zipSync(Object.fromEntries(entries));
}

function sign(sums, options) {
  const signature = `${sums}.sig`;
  const gpg = (...args) => execFileSync('gpg', ['--batch', ...args], { encoding: 'utf8' });
  if (options.sign) {
    execFileSync('/bin/sh', ['-c', options.sign], {
      env: { ...process.env, SUMS: sums, SIGNATURE: signature },
      stdio: 'inherit',
    });
    if (!existsSync(signature)) throw new Error(`the command of --sign wrote no ${signature}`);
  } else {
    gpg('--yes', '--local-user', options['gpg-key'], '--output', signature, '--detach-sign', sums);
  }
  const armour = options.sign
    ? readFileSync(options['public-key'], 'utf8')
    : gpg('--armor', '--export', options['gpg-key']);
  const listing = execFileSync('gpg', ['--batch', '--show-keys', '--with-colons'], {
    encoding: 'utf8',
    input: armour,
  });
  const keyId = /^pub:(?:[^:]*:){3}([0-9A-F]{16}):/m.exec(listing)?.[1];
  if (!keyId) throw new Error('gpg finds no public key');
  return { key_id: keyId, ascii_armor: armour };
}

/** Adds a version to the registry of files; those that are there stay. */
function addToRegistry(registry, { address, version }, directory, files, key) {
  const [, namespace, type] = address.split('/');
  const json = (path, value) => {
    mkdirSync(dirname(join(registry, path)), { recursive: true });
    writeFileSync(join(registry, path), `${JSON.stringify(value, null, 2)}\n`);
  };
  const base = `v1/providers/${namespace}/${type}`;
  json('.well-known/terraform.json', { 'providers.v1': '/v1/providers/' });
  const index = join(registry, base, 'versions');
  const others = existsSync(index) ? JSON.parse(readFileSync(index, 'utf8')).versions : [];
  const platforms = PLATFORMS.map((platform) => {
    const [os, arch] = platform.split('_');
    return { os, arch };
  });
  json(`${base}/versions`, {
    versions: [
      ...others.filter((other) => other.version !== version),
      { version, protocols: [PROTOCOL], platforms },
    ],
  });
  const sums = files.find((file) => file.endsWith('_SHA256SUMS'));
  for (const { os, arch } of platforms) {
    const filename = files.find((file) => file.endsWith(`_${os}_${arch}.zip`));
    // Addresses are relative to this document: the registry may be served under any name.
    json(`${base}/${version}/download/${os}/${arch}`, {
      protocols: [PROTOCOL],
      os,
      arch,
      filename,
      download_url: `../../${filename}`,
      shasums_url: `../../${sums}`,
      shasums_signature_url: `../../${sums}.sig`,
      shasum: sha256(readFileSync(join(directory, filename))),
      signing_keys: { gpg_public_keys: [key] },
    });
  }
  for (const file of readdirSync(directory))
    copyFileSync(join(directory, file), join(registry, base, version, file));
}

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** Packs one plugin into a directory of its own and tells where. */
async function release(plugin, output, options) {
  const { address, version, file } = plugin;
  const type = address.split('/').pop();
  const name = `terraform-provider-${type}_${version}`;
  const { sources } = await bundle(plugin);
  const directory = join(output, type, version);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });

  const archive = zip([
    { name: file.replace(/.*\//, ''), mode: 0o755, data: readFileSync(file) },
    { name: 'LICENSE', mode: 0o644, data: readFileSync(join(root, 'LICENSE')) },
    { name: 'LICENSES-OF-PACKAGES.txt', mode: 0o644, data: Buffer.from(licences(sources)) },
  ]);
  const manifest = { version: 1, metadata: { protocol_versions: [PROTOCOL] } };
  const contents = new Map([
    ...PLATFORMS.map((platform) => [`${name}_${platform}.zip`, archive]),
    [`${name}_manifest.json`, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)],
  ]);
  const sums = [...contents].map(([entry, data]) => `${sha256(data)}  ${entry}\n`).join('');
  contents.set(`${name}_SHA256SUMS`, Buffer.from(sums));
  for (const [entry, data] of contents) writeFileSync(join(directory, entry), data);

  if (!options.sign && !options['gpg-key']) {
    console.log(`${relative(root, directory)}: not signed, so no registry; see --gpg-key and --sign`);
    return;
  }
  const key = sign(join(directory, `${name}_SHA256SUMS`), options);
  addToRegistry(join(output, 'registry'), plugin, directory, [...contents.keys()], key);
  console.log(`${relative(root, directory)}: signed with ${key.key_id}; registry beside it`);
}

try {
  const { values } = parseArgs({
    options: {
      output: { type: 'string', default: join(root, 'build/release') },
      'gpg-key': { type: 'string', default: process.env.GPG_KEY },
      sign: { type: 'string' },
      'public-key': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) console.log(USAGE);
  else {
    if (values.sign && !values['public-key']) throw new Error('--sign needs --public-key');
    for (const plugin of plugins) await release(plugin, resolve(values.output), values);
  }
} catch (error) {
  if (error.code?.startsWith?.('ERR_PARSE_ARGS')) console.error(`${error.message}\n${USAGE}`);
  else if (error.code === 'ENOENT' && error.path === 'gpg')
    console.error('signing needs gpg (Debian: package gnupg)');
  else console.error(error.message);
  process.exitCode = 1;
}
