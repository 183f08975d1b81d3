import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openTofuProgram } from '../../../../lab/opentofu/opentofu';
import { terraformProgram } from '../../../../provider/framework/testkit';

/** A program that applies configurations. */
export interface Engine {
  readonly name: 'terraform' | 'tofu';
  /** The program; undefined when this machine does not have it. */
  readonly program: string | undefined;
  /** Registry that it means when a source names none. */
  readonly registry: string;
  /** Its minor version: 11 for 1.11.4. */
  readonly minor: number;
}

function engine(name: Engine['name'], registry: string, program: string | undefined): Engine {
  const { stdout } = program
    ? spawnSync(program, ['version'], {
        encoding: 'utf8',
        env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' },
      })
    : { stdout: '' };
  const [, minor] = /v1\.(\d+)\./.exec(stdout ?? '') ?? [];
  return { name, registry, program: minor ? program : undefined, minor: Number(minor ?? 0) };
}

export const ENGINES: readonly [Engine, Engine] = [
  engine('terraform', 'registry.terraform.io', terraformProgram()),
  engine('tofu', 'registry.opentofu.org', openTofuProgram()),
];

/** A write-only attribute that is set; their names end so. */
export const WRITE_ONLY = /^\s*\w+_wo\s*=/m;

/** Parts of the language that came with a minor version of each engine. */
const SINCE = [
  { what: 'functions of providers', pattern: /\bprovider::/, terraform: 8, tofu: 7 },
  { what: 'ephemeral resources', pattern: /^ephemeral "/m, terraform: 10, tofu: 11 },
  { what: 'write-only attributes', pattern: WRITE_ONLY, terraform: 11, tofu: 11 },
] as const;

/** Why an engine cannot run a configuration; undefined when it can. */
export function lacks({ name, minor }: Engine, configuration: string): string | undefined {
  const missing = SINCE.find((part) => part.pattern.test(configuration) && minor < part[name]);
  return missing && `${name} 1.${minor} has no ${missing.what}, 1.${missing[name]} has`;
}

/**
 * One test for each engine; where one is missing, or lacks what the configuration needs, it is skipped and its name
 * says why.
 */
export function testEach(
  name: (engine: string) => string,
  body: (engine: Engine) => Promise<void>,
  options: { readonly timeoutMs?: number; readonly configuration?: string } = {},
): void {
  for (const each of ENGINES) {
    const title = name(each.name);
    const reason = each.program
      ? lacks(each, options.configuration ?? '')
      : `${each.name} is not here; make provider-test builds it`;
    if (reason === undefined) test(title, () => body(each), options.timeoutMs);
    else test.skip(`${title} (skipped: ${reason})`, () => undefined);
  }
}

export interface EngineResult {
  readonly code: number;
  readonly output: string;
}

/** Runs an engine in a directory, without asking anything of anybody. */
export function runEngine(
  { name, program }: Pick<Engine, 'name' | 'program'>,
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<EngineResult> {
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: '/dev/null',
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(program ?? name, [...args], { cwd: directory, env }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/**
 * Makes a filesystem mirror of packed plugins in a directory.
 *
 * @param zips packed plugins by the address of their provider, without the registry
 * @returns the CLI configuration that names it
 */
export function mirrorOf(directory: string, zips: Readonly<Record<string, string>>): string {
  for (const { registry } of ENGINES)
    for (const [address, zip] of Object.entries(zips)) {
      const home = join(directory, 'mirror', registry, address);
      mkdirSync(home, { recursive: true });
      copyFileSync(zip, join(home, basename(zip)));
    }
  const file = join(directory, 'mirror.tfrc');
  const path = JSON.stringify(join(directory, 'mirror'));
  writeFileSync(file, `provider_installation {\n  filesystem_mirror {\n    path = ${path}\n  }\n}\n`);
  return file;
}
