// Our PowerDNS provider beside mmianl/powerdns 2.4.0, beside Terraform alone, and beside a provider that does nothing, in
// one run: real PowerDNS on loopback, LMDB and gsqlite3, 1,000 records. Prints a table and writes build/bench-powerdns.md.
//
//   node benchmarks/powerdns.mjs [--quick]
//
// Terraform's state goes to a backend of type http, as with GitLab, which keeps it in memory: the local one writes a
// file anew for each resource, which at 1,000 of them takes longer than everything else (see the last rows).
//
// --quick: 200 records, two runs. CLOUDLESS_PROVIDERS names the folder with the build of mmianl/powerdns (a packed
// filesystem mirror; ../shared/providers by default); without it only ours is timed. Machines are noisy: read the ratios.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundle, plugins } from '../provider/bundle.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const quick = process.argv.includes('--quick');
const RECORDS = quick ? 200 : 1_000;
/** Ours is created so often, to show that none is lost; plans without a change, and the others, are timed less often. */
const RUNS = quick ? 2 : 10;
const FEW_RUNS = quick ? 1 : 2;
const KEY = 'benchmark-key';
const ZONE = 'bench.internal.';
const MIRROR = resolve(process.env.CLOUDLESS_PROVIDERS ?? '../shared/providers');
const RIVAL_ZIP = 'registry.terraform.io/mmianl/powerdns/terraform-provider-powerdns_2.4.0_linux_amd64.zip';
const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

const plugin = plugins.find(({ address }) => address.endsWith('/powerdns'));
await bundle(plugin);
const home = mkdtempSync(join(tmpdir(), 'bench-powerdns-'));
const servers = new Set();
process.on('exit', () => {
  for (const server of servers) server.child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// --- the parts ---------------------------------------------------------------------------------------------------

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function startPowerDns(backend) {
  const directory = mkdtempSync(join(home, `${backend}-`));
  const database = join(directory, 'pdns.sqlite3');
  if (backend === 'gsqlite3') execFileSync('sqlite3', [database], { input: readFileSync(SCHEMA) });
  const [api, dns] = [await freePort(), await freePort()];
  const options = {
    launch: backend,
    ...(backend === 'lmdb'
      ? { 'lmdb-filename': join(directory, 'pdns.lmdb'), 'lmdb-shards': 1, 'lmdb-sync-mode': 'nosync' }
      : { 'gsqlite3-database': database, 'gsqlite3-dnssec': 'yes', 'gsqlite3-pragma-synchronous': 0 }),
    daemon: 'no',
    guardian: 'no',
    'write-pid': 'no',
    'local-address': '127.0.0.1',
    'local-port': dns,
    'socket-dir': directory,
    api: 'yes',
    'api-key': KEY,
    webserver: 'yes',
    'webserver-address': '127.0.0.1',
    'webserver-port': api,
    'webserver-allow-from': '127.0.0.0/8',
    'security-poll-suffix': '',
    'zone-cache-refresh-interval': 0,
    loglevel: 3,
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn('pdns_server', ['--no-config', ...flags], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const server = { child, url: `http://127.0.0.1:${api}`, backend };
  servers.add(server);
  for (let tries = 0; tries < 500; tries++) {
    if (await call(server, 'GET', '').catch(() => undefined)) return server;
    await wait(20);
  }
  throw new Error(`pdns_server with ${backend} does not answer`);
}

async function call({ url }, method, path, body) {
  const response = await fetch(`${url}/api/v1/servers/localhost${path}`, {
    method,
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return text.startsWith('{') ? JSON.parse(text) : {};
}

async function freshZone(server) {
  await call(server, 'DELETE', `/zones/${ZONE}`);
  await call(server, 'POST', '/zones', { name: ZONE, kind: 'Native', nameservers: [] });
}

async function recordsOnServer(server) {
  const { rrsets } = await call(server, 'GET', `/zones/${ZONE}`);
  return rrsets.filter(({ type }) => type === 'A').length;
}

/** A proxy that counts; the timed runs go without it. */
async function countingProxy(server) {
  const counts = {};
  const proxy = createHttpServer((incoming, answer) => {
    counts[incoming.method] = (counts[incoming.method] ?? 0) + 1;
    const { method, headers, url } = incoming;
    const passed = request(`${server.url}${url}`, { method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => answer.writeHead(502).end());
    incoming.pipe(passed);
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${proxy.address().port}`, counts, close: () => proxy.close() };
}

/** Keeps the state of each workspace in memory, by the path of its address. */
const states = new Map();
const stateServer = createHttpServer((incoming, answer) => {
  const chunks = [];
  incoming.on('data', (chunk) => chunks.push(chunk));
  incoming.on('end', () => {
    const { method, url } = incoming;
    if (method === 'POST') states.set(url, Buffer.concat(chunks));
    else if (method === 'DELETE') states.delete(url);
    else if (!states.has(url)) answer.statusCode = 404;
    answer.end(method === 'GET' ? states.get(url) : undefined);
  });
});
await new Promise((done) => stateServer.listen(0, '127.0.0.1', done));

async function workspace(name, source, version, resource, backend = 'http') {
  const type = source?.split('/')[1];
  const directory = join(home, name);
  mkdirSync(directory);
  const address = `http://127.0.0.1:${stateServer.address().port}/${name}`;
  const where = backend === 'http' ? `address = "${address}"` : '';
  writeFileSync(
    join(directory, 'backend.tf'),
    `terraform {\n  backend "${backend}" {\n    ${where}\n  }\n}\n`,
  );
  const required = source
    ? `terraform {\n  required_providers {\n    ${type} = {\n      source  = "${source}"\n      version = "${version}"\n    }\n  }\n}\n`
    : '';
  writeFileSync(join(directory, 'main.tf'), required + resource);
  const { failed, output } = await terraform(directory, {}, 'init', '-input=false');
  if (failed) throw new Error(output);
  return directory;
}

const processorTimes = join(home, 'processor-times');
/**
 * Seconds that Terraform took, those of processors that it and its plugins used, those of plugins in Node.js alone, and
 * whether it was content.
 */
async function terraform(directory, environment, ...args) {
  writeFileSync(processorTimes, '');
  const started = performance.now();
  const program = process.env.TERRAFORM_BINARY_NAME || 'terraform';
  // `times` of the shell tells what its children used, in its last line.
  const child = spawn('/bin/sh', ['-c', '"$@"; code=$?; times; exit $code', 'sh', program, ...args], {
    cwd: directory,
    env: {
      ...process.env,
      CHECKPOINT_DISABLE: '1',
      TF_CLI_CONFIG_FILE: join(home, 'terraform.rc'),
      NODE_OPTIONS: `--require "${resolve('benchmarks/support/processor-time.cjs')}"`,
      PROCESSOR_TIME_FILE: processorTimes,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - started) / 1000;
  const used = [...output.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  const processor = used.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
  const noted = readFileSync(processorTimes, 'utf8').split('\n');
  const plugin = noted.reduce((sum, line) => sum + Number(line), 0);
  return { seconds, processor, plugin, failed: code !== 0, output };
}

const environmentOf = (server) => ({ PDNS_SERVER_URL: server.url, PDNS_API_KEY: KEY });
const apply = (directory, server, parallelism) =>
  terraform(
    directory,
    server ? environmentOf(server) : {},
    'apply',
    '-auto-approve',
    '-input=false',
    '-no-color',
    `-parallelism=${parallelism}`,
  );
const plan = (directory, server) =>
  terraform(
    directory,
    server ? environmentOf(server) : {},
    'plan',
    '-detailed-exitcode',
    '-input=false',
    '-no-color',
  );
const forget = (directory) => {
  states.delete(`/${basename(directory)}`);
  for (const file of ['terraform.tfstate', 'terraform.tfstate.backup'])
    rmSync(join(directory, file), { force: true });
};

/** One create from nothing and, where it is wanted, one plan without a change. */
async function cycle(directory, server, parallelism, withPlan = true) {
  forget(directory);
  if (server) await freshZone(server);
  const create = await apply(directory, server, parallelism);
  const lost = server ? RECORDS - (await recordsOnServer(server)) : 0;
  if (create.failed || lost > 0) return { lost: lost || 'failed', output: create.output };
  if (!withPlan) return { lost: 0, create };
  const planned = await plan(directory, server);
  if (planned.failed) throw new Error(`the second plan is not empty: ${planned.output.slice(0, 2_000)}`);
  return { lost: 0, create, plan: planned };
}

async function requestsOf(directory, server, parallelism) {
  const proxy = await countingProxy(server);
  const through = { ...server, url: proxy.url };
  const total = () => Object.values(proxy.counts).reduce((sum, count) => sum + count, 0);
  forget(directory);
  await freshZone(server);
  await apply(directory, through, parallelism);
  const create = total();
  await plan(directory, through);
  proxy.close();
  return { create, plan: total() - create };
}

// --- the runs ----------------------------------------------------------------------------------------------------

const records = `resource "powerdns_record" "bench" {
  count   = ${RECORDS}
  zone    = "${ZONE}"
  name    = "vm-\${count.index}.${ZONE}"
  type    = "A"
  ttl     = 60
  records = ["10.20.\${floor(count.index / 250)}.\${count.index % 250 + 1}"]
}
`;
const platform = `${process.platform}_${{ x64: 'amd64' }[process.arch] ?? process.arch}`;
const ownMirror = join(home, 'mirror');
function install(address, file) {
  const folder = join(ownMirror, address, plugin.version, platform);
  mkdirSync(folder, { recursive: true });
  copyFileSync(file, join(folder, basename(file)));
}
install(plugin.address, plugin.file);
const idle = join(home, `terraform-provider-nothing_v${plugin.version}`);
await bundle({ entry: resolve('benchmarks/support/nothing-provider.mjs'), file: idle });
install('registry.terraform.io/cloudless/nothing', idle);
const rivalIsThere = existsSync(join(MIRROR, RIVAL_ZIP));
const mirror = (path, include) =>
  `  filesystem_mirror {\n    path    = "${path}"\n    include = ["registry.terraform.io/${include}"]\n  }\n`;
writeFileSync(
  join(home, 'terraform.rc'),
  `provider_installation {\n${mirror(ownMirror, 'cloudless/*')}${rivalIsThere ? mirror(MIRROR, 'mmianl/*') : ''}}\n`,
);

const ours = await workspace('ours', 'cloudless/powerdns', plugin.version, records);
const rival = rivalIsThere ? await workspace('rival', 'mmianl/powerdns', '2.4.0', records) : undefined;
const data = `resource "terraform_data" "bench" {\n  count = ${RECORDS}\n  input = count.index\n}\n`;
const nothing = await workspace(
  'nothing',
  'cloudless/nothing',
  plugin.version,
  records.replace('powerdns_record', 'nothing_record'),
);
const floor = await workspace('floor', undefined, undefined, data);
const local = {
  'Terraform alone (terraform_data)': await workspace('floor-local', undefined, undefined, data, 'local'),
  ...(rivalIsThere
    ? {
        'mmianl/powerdns 2.4.0': await workspace('rival-local', 'mmianl/powerdns', '2.4.0', records, 'local'),
      }
    : {}),
  'cloudless/powerdns': await workspace('ours-local', 'cloudless/powerdns', plugin.version, records, 'local'),
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const times = (a, b) => `${(a / b).toFixed(1)}×`;
const rows = [];

/** Medians of what was measured. */
function summary(runs) {
  const of = (what, measure) => median(runs.flatMap((run) => (run[what] ? [run[what][measure]] : [])));
  const all = (what) => ({
    seconds: of(what, 'seconds'),
    processor: of(what, 'processor'),
    plugin: of(what, 'plugin'),
  });
  return { create: all('create'), plan: all('plan') };
}

function row(provider, backend, parallelism, runs, lost, result, beside) {
  const timed = (what) => {
    if (!result) return ['', '', ''];
    const { seconds, processor, plugin } = result[what];
    return [
      `${seconds.toFixed(2)} s`,
      `${processor.toFixed(2)} s${plugin > 0 ? ` (plugin ${plugin.toFixed(2)} s)` : ''}`,
      beside ? times(beside[what].seconds, seconds) : '',
    ];
  };
  const { requests } = result ?? {};
  rows.push([
    provider,
    backend,
    parallelism,
    runs,
    lost,
    ...timed('create'),
    ...timed('plan'),
    requests ? `${requests.create} + ${requests.plan}` : '',
    requests && beside
      ? `${times(beside.requests.create, requests.create)}, ${times(beside.requests.plan, requests.plan)}`
      : '',
  ]);
  process.stderr.write(`${rows.at(-1).join(' | ')}\n`);
}

async function runsOf(directory, server, parallelism, count) {
  const runs = [];
  for (let run = 0; run < count; run++)
    runs.push(await cycle(directory, server, parallelism, run < FEW_RUNS));
  return runs;
}

const [TERRAFORM, NOTHING, OURS, RIVAL] = [
  'Terraform alone (terraform_data)',
  'a provider of our framework that does nothing',
  'cloudless/powerdns',
  'mmianl/powerdns 2.4.0',
];
for (const parallelism of [10, 50]) {
  const runs = await runsOf(floor, undefined, parallelism, FEW_RUNS);
  row(TERRAFORM, '-', parallelism, FEW_RUNS, 0, summary(runs));
  const idleRuns = await runsOf(nothing, undefined, parallelism, FEW_RUNS);
  row(NOTHING, '-', parallelism, FEW_RUNS, 0, summary(idleRuns));
}
for (const backend of ['lmdb', 'gsqlite3']) {
  if (backend === 'gsqlite3' && !existsSync(SCHEMA)) {
    process.stderr.write('gsqlite3 is left out: pdns-backend-sqlite3 is not installed\n');
    continue;
  }
  const server = await startPowerDns(backend);
  // The rival at the highest setting at which it loses nothing.
  let beside;
  for (const parallelism of rival ? [10, 1] : []) {
    const first = await cycle(rival, server, parallelism);
    if (first.lost) {
      row(RIVAL, backend, parallelism, 1, first.lost);
      continue;
    }
    const runs = [first, ...(await runsOf(rival, server, parallelism, FEW_RUNS - 1))];
    beside = { ...summary(runs), requests: await requestsOf(rival, server, parallelism) };
    row(RIVAL, backend, parallelism, runs.length, 0, beside);
    break;
  }
  for (const parallelism of [10, 50]) {
    const runs = await runsOf(ours, server, parallelism, RUNS);
    const good = runs.filter(({ lost }) => lost === 0);
    if (good.length === 0) throw new Error(runs[0].output);
    const lost = runs.reduce((sum, run) => sum + (Number(run.lost) || (run.lost ? 1 : 0)), 0);
    const requests = await requestsOf(ours, server, parallelism);
    row(OURS, backend, parallelism, RUNS, lost, { ...summary(good), requests }, beside);
  }
  if (backend === 'lmdb') {
    for (const [name, directory] of Object.entries(local)) {
      const runs = [await cycle(directory, name === TERRAFORM ? undefined : server, 10)];
      row(
        `${name}, local state file`,
        name === TERRAFORM ? '-' : backend,
        10,
        1,
        runs[0].lost,
        summary(runs),
      );
    }
  }
  server.child.kill('SIGKILL');
  servers.delete(server);
}

// --- the start of the plugin -------------------------------------------------------------------------------------

/** Milliseconds to the handshake and resident memory at it, in MiB. */
async function start() {
  const started = performance.now();
  const child = spawn(plugin.file, [], {
    env: {
      ...process.env,
      TF_PLUGIN_MAGIC_COOKIE: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
      PLUGIN_PROTOCOL_VERSIONS: '6',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((done) => child.stdout.once('data', done));
  const ms = performance.now() - started;
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  child.kill('SIGTERM');
  await new Promise((done) => child.once('exit', done));
  return { ms, mebibytes: kilobytes / 1024 };
}
const starts = [];
for (let run = 0; run < (quick ? 5 : 21); run++) starts.push(await start());

const header = [
  'provider',
  'backend',
  'parallelism',
  'runs',
  'lost',
  'create',
  'processors',
  'ratio',
  'plan without change',
  'processors',
  'ratio',
  'requests (create + plan)',
  'ratio',
];
const table = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const version = (program) =>
  execFileSync('sh', ['-c', `${program} 2>&1 | head -n 1`], {
    encoding: 'utf8',
    env: { ...process.env, CHECKPOINT_DISABLE: '1', PATH: `${process.env.PATH}:/usr/sbin` },
  })
    .trim()
    .replace(/^\w{3} \d+ [\d:]+ /, '');
const text = `# ${RECORDS} records

Medians, whole Terraform runs: seconds on the clock, and of processors (Terraform and its plugins together). Ratios of the
clock and of requests are against mmianl/powerdns on the same backend, at the highest parallelism (10 or 1) at which it
loses nothing. "Terraform alone" is what no provider can get below; it calls no plugin. The provider that does nothing shows
what Terraform and our framework need for the same attributes without a server: Terraform calls a plugin five times for
each resource that is created, and four times for each that is planned.

Terraform has as many writes under way as its parallelism says and starts the next when one is done, so a provider can put
no more of them into one request: ${RECORDS} records are at least ${RECORDS / 10} requests at 10 and ${RECORDS / 50} at 50.

${cpus().length} processors; ${version("terraform version -json | grep -o '[0-9.]*[0-9]' | sed s/^/Terraform\\ /")}; ${version('pdns_server --version')}; Node.js ${process.version}.

${table}

Handshake of the plugin: ${median(starts.map(({ ms }) => ms)).toFixed(0)} ms, ${median(starts.map(({ mebibytes }) => mebibytes)).toFixed(0)} MiB resident (medians of ${starts.length} starts).
`;
mkdirSync('build', { recursive: true });
writeFileSync('build/bench-powerdns.md', text);
process.stdout.write(text);
process.exit(0);
