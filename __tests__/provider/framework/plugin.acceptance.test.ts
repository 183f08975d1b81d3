import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runTerraform, terraformProgram } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { ended } from '../support/plugin-process';
import { processesIn, until } from '../support/processes';

const PASSWORD = 'correct horse';

describeWith(['terraform'], 'a provider as a plugin of its own', () => {
  let directory: string;
  let file: string;

  beforeAll(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-plugin-')));
    const platform = `${process.platform}_${{ x64: 'amd64' }[process.arch as 'x64'] ?? process.arch}`;
    const home = join(directory, 'terraform.d/plugins/registry.terraform.io/test/shelf/0.0.1', platform);
    mkdirSync(home, { recursive: true });
    file = join(home, 'terraform-provider-shelf_v0.0.1');
    // Beside the file it runs as: Node.js takes `.1` for the extension of a module it does not know.
    await build({
      entryPoints: [join(__dirname, 'support/shelf-main.ts')],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external: ['@grpc/proto-loader'],
      outfile: join(home, 'shelf.cjs'),
    });
    writeFileSync(file, `#!/bin/sh\nexec node "$(dirname "$0")/shelf.cjs" "$@"\n`);
    chmodSync(file, 0o755);
    writeFileSync(
      join(directory, 'main.tf'),
      `terraform {
  required_providers {
    shelf = { source = "test/shelf" }
  }
}
provider "shelf" {
  password = "${PASSWORD}"
}
resource "shelf_box" "one" {
  name   = "books"
  secret = "write only"
}
`,
    );
    expect(await runTerraform(directory, ['init', '-no-color'])).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const plugins = () => [...processesIn(directory).values()].filter((line) => line.includes('shelf.cjs'));

  test('is cancelled by a Ctrl-C that reaches Terraform and the plugin alike, and nothing is left', async () => {
    const terraform = spawn(terraformProgram(), ['apply', '-auto-approve', '-no-color'], {
      cwd: directory,
      // A group of its own, as a shell makes one for what runs in its foreground.
      detached: true,
      env: {
        ...process.env,
        SHELF_WAITS: '1',
        CHECKPOINT_DISABLE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [terraform.stdout, terraform.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    await until(() => output.includes('shelf_box.one: Creating'), 'the creation begins');
    await until(() => plugins().length > 0, 'the plugin runs');
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(-(terraform.pid ?? 0), 'SIGINT');
    expect(await ended(terraform)).toBe(1);
    expect(output).toContain('Error: Interrupted');
    await until(() => plugins().length === 0, 'no plugin is left', 3_000);
  });

  test('logs what Terraform understands, with the request it belongs to and without secrets', async () => {
    const environment = { TF_LOG: 'JSON', TF_LOG_PROVIDER_SHELF: 'TRACE', TF_LOG_CORE: 'OFF' };
    const { code, output } = await runTerraform(directory, ['plan', '-no-color'], environment);
    expect(code).toBe(0);
    const lines = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({
        '@level': 'trace',
        '@message': 'answered',
        tf_rpc: 'PlanResourceChange',
        tf_resource_type: 'shelf_box',
        tf_provider_addr: 'registry.terraform.io/test/shelf',
        tf_req_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ '@message': 'password given', password: '***' }));
    expect(lines).toContainEqual(expect.objectContaining({ '@message': 'planning a box', secret: '***' }));
    expect(output).not.toContain(PASSWORD);
    expect(output).not.toContain('write only');

    const quiet = { TF_LOG: 'JSON', TF_LOG_PROVIDER_SHELF: 'OFF', TF_LOG_CORE: 'OFF' };
    expect((await runTerraform(directory, ['plan', '-no-color'], quiet)).output).not.toContain(
      'password given',
    );
  });

  test('started with --debug serves any number of commands until it is ended, and leaves nothing', async () => {
    const debug = spawn(file, ['--debug'], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    debug.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const config = () => /TF_REATTACH_PROVIDERS='(.*)'/.exec(printed)?.[1];
    await until(() => config() !== undefined, 'it says how to attach');
    const environment = { TF_REATTACH_PROVIDERS: config()! };
    // The box is on the shelf of one process: only the same process finds it the second time.
    expect((await runTerraform(directory, ['apply', '-auto-approve'], environment)).code).toBe(0);
    const again = await runTerraform(directory, ['plan', '-detailed-exitcode'], environment);
    expect(again.code).toBe(0);
    expect((await runTerraform(directory, ['destroy', '-auto-approve'], environment)).code).toBe(0);
    const [attached] = Object.values(JSON.parse(config()!) as Record<string, { Addr: { String: string } }>);
    expect(existsSync(attached!.Addr.String)).toBe(true);
    debug.kill('SIGINT');
    expect(await ended(debug)).toBe(0);
    expect(existsSync(attached!.Addr.String)).toBe(false);
  });

  test('started by hand says what it is', async () => {
    const alone = spawn(file, [], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    alone.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    expect(await ended(alone)).toBe(1);
    expect(printed).toContain('This is a Terraform provider (registry.terraform.io/test/shelf 0.0.1).');
  });
});
