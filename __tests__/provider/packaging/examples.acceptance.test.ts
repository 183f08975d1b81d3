import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { platform } from '../../../lab/providers/provider-plugin';
import { describeWith } from '../support/needs';
import { ENGINES, mirrorOf, runEngine, testEach, WRITE_ONLY } from './support/engine';
import type { Engine } from './support/engine';
import { EXAMPLE_GROUNDS } from './support/example-ground';
import type { ExampleGround } from './support/example-ground';

const ROOT = resolve(__dirname, '../../..');
const VERSION = '0.1.0';
const [TERRAFORM] = ENGINES;
const read = (file: string) => readFileSync(file, 'utf8');

let directory: string;
let mirror: string;
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-examples-')));
  execFileSync(process.execPath, ['provider/release.mjs', '--output', join(directory, 'release')], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  const zips = Object.keys(EXAMPLE_GROUNDS).map((type) => [
    `cloudless/${type}`,
    join(directory, `release/${type}/${VERSION}/terraform-provider-${type}_${VERSION}_${platform()}.zip`),
  ]);
  mirror = mirrorOf(directory, Object.fromEntries(zips) as Record<string, string>);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

for (const [type, { needs, make }] of Object.entries(EXAMPLE_GROUNDS)) {
  const home = join(ROOT, 'provider', type, 'examples');
  /** The examples of what can be applied: `resources/powerdns_zone`, `functions/fqdn`. */
  const examples = ['resources', 'data-sources', 'functions', 'ephemeral-resources'].flatMap((kind) =>
    existsSync(join(home, kind)) ? readdirSync(join(home, kind)).map((name) => `${kind}/${name}`) : [],
  );
  const terraformFilesOf = (example: string) =>
    readdirSync(join(home, example))
      .filter((file) => file.endsWith('.tf') && file !== 'import.tf')
      .map((file) => join(home, example, file));
  const required = `terraform {
  required_providers {
    ${type} = { source = "cloudless/${type}" }
  }
}
`;

  describeWith(['terraform', ...needs], `${type} from the packed plugin, in an empty directory`, () => {
    let ground: ExampleGround;
    beforeEach(async () => {
      ground = await make();
    });
    afterEach(() => ground?.remove());

    const environment = () => ({ TF_CLI_CONFIG_FILE: mirror, ...ground.environment });

    /** A directory with the Terraform files of one example, and what they name. */
    async function workspaceOf(example: string): Promise<string> {
      const work = mkdtempSync(join(directory, 'work-'));
      await ground.prepare(work);
      const files = terraformFilesOf(example);
      for (const file of files) copyFileSync(file, join(work, basename(file)));
      if (!files.some((file) => read(file).includes('required_providers')))
        writeFileSync(join(work, 'required.tf'), required);
      return work;
    }

    async function succeed(engine: Engine, work: string, ...args: string[]): Promise<void> {
      const { code, output } = await runEngine(engine, work, args, environment());
      if (code !== 0) throw new Error(`${engine.name} ${args.join(' ')}: ${code}\n${output}`);
    }

    /** Takes what an example's import.sh names out of the state and runs its commands as they are written. */
    async function importAgain(work: string, script: string): Promise<void> {
      const addresses = [...script.matchAll(/^terraform import (\S+)/gm)].map(([, address]) => address!);
      expect(addresses.length).toBeGreaterThan(0);
      await succeed(TERRAFORM, work, 'state', 'rm', ...new Set(addresses));
      const env = { ...process.env, ...environment(), CHECKPOINT_DISABLE: '1' };
      await new Promise<void>((done, failed) => {
        execFile('/bin/sh', ['-eu', '-c', script], { cwd: work, env }, (error, stdout, stderr) =>
          error ? failed(new Error(stdout + stderr)) : done(),
        );
      });
    }

    describe.each(examples)('the example %s', (example) => {
      const configuration = terraformFilesOf(example).map(read).join('\n');
      testEach(
        (engine) => `is applied by ${engine}, plans nothing the second time, is destroyed`,
        async (engine) => {
          const work = await workspaceOf(example);
          await succeed(engine, work, 'init', '-input=false', '-no-color');
          await succeed(engine, work, 'apply', '-auto-approve', '-input=false', '-no-color');
          await succeed(engine, work, 'plan', '-detailed-exitcode', '-input=false', '-no-color');

          const script = join(home, example, 'import.sh');
          // Once is enough: importing is the provider's work.
          if (engine.name === 'terraform' && existsSync(script)) {
            await importAgain(work, read(script));
            // What is stored nowhere cannot be imported: it is sent once more.
            if (ground.appliesAfterImport || WRITE_ONLY.test(configuration))
              await succeed(engine, work, 'apply', '-auto-approve', '-no-color');
            await succeed(engine, work, 'plan', '-detailed-exitcode', '-input=false', '-no-color');
          }

          await succeed(engine, work, 'destroy', '-auto-approve', '-input=false', '-no-color');
          expect(await ground.left(work)).toEqual([]);
        },
        { timeoutMs: 120_000, configuration },
      );
    });

    testEach(
      (engine) => `the example of the provider is taken by ${engine}`,
      async (engine) => {
        const work = await workspaceOf('provider');
        await succeed(engine, work, 'init', '-input=false', '-no-color');
        await succeed(engine, work, 'validate', '-no-color');
      },
      { timeoutMs: 60_000 },
    );

    test('every example is formatted as Terraform does', async () => {
      const { code, output } = await runEngine(TERRAFORM, ROOT, ['fmt', '-check', '-recursive', home]);
      expect({ code, output }).toEqual({ code: 0, output: '' });
    });
  });

  test(`there is an example of something of ${type}`, () => expect(examples).not.toEqual([]));
}
