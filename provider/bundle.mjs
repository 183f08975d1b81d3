// Bundles the provider plugins: one executable file each, in dist/provider. `node provider/bundle.mjs` prints what it made.
// The file is the same for every platform that has a shell and Node.js, and the same bytes for the same source.
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A plugin below provider/: its address, its version, its entry, and the file that it becomes. */
function plugin(type, version) {
  return {
    address: `registry.terraform.io/cloudless/${type}`,
    version,
    entry: join(root, 'provider', type, 'main.ts'),
    file: join(root, 'dist/provider', `terraform-provider-${type}_v${version}`),
  };
}

export const plugins = [plugin('powerdns', '0.1.0'), plugin('cloudless', '0.1.0')];

const NODE_MAJOR = 20;

/**
 * The head of the file: a shell script that hands the same file to Node.js, and JavaScript that is skipped. Terraform
 * shows what a plugin prints on standard output when it does not come up, so that is where the plain words go.
 * Node.js is given the text by hand because it would take `_v0.1.0` for a file name extension, and refuse it below a
 * package.json with "type": "module".
 */
function head(name) {
  const needs = `${name} needs Node.js ${NODE_MAJOR} or newer in PATH`;
  const start = [
    `var v=process.versions.node;`,
    `if(parseInt(v)<${NODE_MAJOR}){console.log("${needs}; this is "+v);process.exit(1)}`,
    `var M=require("module"),f=process.argv[1],m=new M(f);m.filename=f;m.paths=[];`,
    `m._compile(require("fs").readFileSync(f,"utf8"),f)`,
  ].join('');
  return [
    '#!/bin/sh',
    `":" //; command -v node >/dev/null 2>&1 || { echo "${needs}"; exit 1; }`,
    `":" //; exec node -e '${start}' "$0" "$@"`,
    '',
  ].join('\n');
}

/** Bundles one plugin. Tells its size, its digest and the source files that it is made of, relative to the package. */
export async function bundle({ entry, file }) {
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: `node${NODE_MAJOR}`,
    format: 'cjs',
    minify: true,
    // Only needed for introspection services (channelz, ORCA), which a plugin does not offer.
    external: ['@grpc/proto-loader'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const text = head(file.replace(/.*\//, '')) + result.outputFiles[0].text;
  mkdirSync(dirname(file), { recursive: true });
  // Renamed into place: a Terraform that runs meanwhile keeps what it has, and nobody reads half a file.
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text);
  chmodSync(fresh, 0o755);
  renameSync(fresh, file);
  return {
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
    sources: Object.keys(result.metafile.inputs),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const plugin of plugins) {
    const { bytes, sha256 } = await bundle(plugin);
    console.log(
      `${relative(root, plugin.file)}: ${Math.round(bytes / 1024)} KB, sha256 ${sha256.slice(0, 16)}`,
    );
  }
}
