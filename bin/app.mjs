// What `cdktf synth` and `cdktf deploy` run: compile what changed, then the program itself as plain JavaScript.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], {
  cwd: root,
  encoding: 'utf8',
});
if (compiler.status !== 0) {
  process.stderr.write(`the code does not compile:\n${compiler.stdout}${compiler.stderr}`); // cdktf shows this stream
  process.exit(1);
}
process.setSourceMapsEnabled(true); // so that messages name lines of the TypeScript
await import('../dist/main.js');
