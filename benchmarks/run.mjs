// Times what people wait for, side by side with the least that could be, and writes build/bench.md.
// Machines are noisy: read the ratios, not the seconds. Needs the demo to run (make demo).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const RUNS = 7;
const rows = [];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const time = (program, args, options = {}) => {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e9;
};
/** Both in turn, so that what else the machine does hits both alike. */
function compare(name, subject, reference, referenceName) {
  const [a, b] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    a.push(subject());
    b.push(reference());
  }
  const [x, y] = [median(a), median(b)];
  rows.push([name, `${x.toFixed(2)} s`, referenceName, `${y.toFixed(2)} s`, `${(x / y).toFixed(1)}×`]);
}

if (!existsSync('build/demo.json')) throw new Error('the demo does not run; start it with: make demo');
const report = JSON.parse(readFileSync('build/demo.json', 'utf8'));
const inside = (...command) => [report.exec[0], [...report.exec.slice(1), ...command]];
const node = process.execPath;

compare(
  'synth of the lab (5 stacks, 3 machines)',
  () => time(...inside(node, 'dist/main.js')),
  () => time(...inside(node, '-e', "require('cdktf')")),
  'loading cdktf alone',
);
const web = report.stacks.find(({ name }) => name === 'lab-web').directory;
const network = report.stacks.find(({ name }) => name === 'lab-network').directory;
compare(
  'plan of the pool (3 machines)',
  () => time(...inside('terraform', `-chdir=${web}`, 'plan', '-lock=false')),
  () => time(...inside('terraform', `-chdir=${network}`, 'plan', '-lock=false')),
  'plan of one network',
);
const dns = report.stacks.find(({ name }) => name === 'lab-dns').directory;
compare(
  'plan of the names (TypeScript provider)',
  () => time(...inside('terraform', `-chdir=${dns}`, 'plan', '-lock=false')),
  () => time(...inside('terraform', `-chdir=${network}`, 'plan', '-lock=false')),
  'plan of one network (Go provider)',
);

// From the moment that Terraform has created a machine until it answers on SSH.
const domain = execFileSync(...inside('terraform', `-chdir=${web}`, 'state', 'list'), { encoding: 'utf8' })
  .split('\n')
  .find((address) => address.startsWith('libvirt_domain.'));
const waits = [];
for (let run = 0; run < 3; run++) {
  time(...inside('terraform', `-chdir=${web}`, 'apply', '-auto-approve', `-replace=${domain}`));
  const created = Date.now();
  const name = report.vms[0].fqdn;
  const ssh = inside(
    'ssh',
    '-F',
    report.ssh.config,
    '-o',
    'ConnectTimeout=2',
    '-o',
    'BatchMode=yes',
    name,
    'true',
  );
  while (spawnSync(...ssh, { stdio: 'ignore' }).status !== 0 && Date.now() - created < 120_000);
  waits.push((Date.now() - created) / 1000);
}
rows.push([
  'replaced machine answers on SSH',
  `${median(waits).toFixed(1)} s`,
  'limit',
  '30 s',
  `${(median(waits) / 30).toFixed(1)}×`,
]);

const table = [['what', 'median', 'beside', 'median', 'ratio'], ['---', '---', '---', '---', '---'], ...rows];
const text = `${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`;
mkdirSync('build', { recursive: true });
writeFileSync('build/bench.md', text);
process.stdout.write(text);
