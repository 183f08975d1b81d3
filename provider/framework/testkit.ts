/**
 * Drives a provider with the real Terraform while the provider lives in the test process: Terraform attaches to it
 * (`TF_REATTACH_PROVIDERS`), so nothing is built or installed, and breakpoints and coverage work.
 */
import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyProvider } from './provider';
import { providerService } from './service/provider-service';
import { listen } from './serve/grpc';
import { pluginProcedures } from './serve/procedures';
import { reattachConfig } from './serve/reattach';

export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error together, without colours. */
  readonly output: string;
}

/** One instance in a state file. */
export interface StoredInstance {
  readonly status?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What a plan says about one resource. */
export interface PlannedChange {
  /** For example `['update']` or `['delete', 'create']`. */
  readonly actions: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** True at the place of each value that is known only after apply. */
  readonly after_unknown: Readonly<Record<string, unknown>>;
  /** The attributes that force a replacement. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
}

export interface Workspace {
  readonly directory: string;
  /** The remote procedures Terraform called, in order. */
  readonly calls: string[];
  /** Writes the configuration (HCL); what names the provider is added. */
  configure(hcl: string): void;
  /** Runs a Terraform command in the workspace. */
  terraform(...args: string[]): Promise<CommandResult>;
  /** Starts a Terraform command in the workspace and does not wait for it. */
  start(...args: string[]): RunningTerraform;
  /** Applies; fails with Terraform's words when Terraform does. */
  apply(): Promise<string>;
  /** Plans; returns what is to happen to each resource, by address. Fails with Terraform's words when Terraform does. */
  plan(): Promise<Readonly<Record<string, PlannedChange>>>;
  /** True when a plan finds nothing to do; fails with Terraform's words when Terraform does. */
  planIsEmpty(): Promise<boolean>;
  /** Instances in the state by address: `powerdns_zone.lab`. */
  state(): Readonly<Record<string, StoredInstance>>;
  close(): void;
}

/** Name of the Terraform program: `TERRAFORM_BINARY_NAME` as for cdktf, or `terraform`. */
export const terraformProgram = () => process.env.TERRAFORM_BINARY_NAME || 'terraform';

/** A Terraform that runs. */
export interface RunningTerraform {
  readonly process: ChildProcess;
  readonly result: Promise<CommandResult>;
}

/** Starts Terraform in a directory, without asking anything of anybody. */
export function startTerraform(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningTerraform {
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: '/dev/null',
    ...environment,
  };
  const options = { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 };
  let finish: (result: CommandResult) => void;
  const result = new Promise<CommandResult>((resolve) => (finish = resolve));
  const child = execFile(terraformProgram(), [...args], options, (error, stdout, stderr) => {
    const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
    finish({ code, output: stdout + stderr });
  });
  return { process: child, result };
}

/** Runs Terraform in a directory to its end. */
export function runTerraform(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return startTerraform(directory, args, environment).result;
}

/** Reads the instances of a state file by address. */
export function readState(directory: string): Readonly<Record<string, StoredInstance>> {
  const file = JSON.parse(readFileSync(join(directory, 'terraform.tfstate'), 'utf8')) as {
    resources: {
      type: string;
      name: string;
      instances: { index_key?: string | number; status?: string; attributes: Record<string, unknown> }[];
    }[];
  };
  return Object.fromEntries(
    file.resources.flatMap(({ type, name, instances }) =>
      instances.map(({ index_key: key, status, attributes }) => [
        `${type}.${name}${key === undefined ? '' : `[${JSON.stringify(key)}]`}`,
        { status, attributes },
      ]),
    ),
  );
}

/** Serves a provider in this process and makes a workspace in a temporary directory that uses it. */
export async function attach(
  provider: AnyProvider,
  environment: Readonly<Record<string, string>> = {},
): Promise<Workspace> {
  const directory = mkdtempSync(join(tmpdir(), 'provider-test-'));
  const calls: string[] = [];
  const procedures = pluginProcedures({
    service: providerService(provider),
    onShutdown: () => undefined,
    onCall: (name) => calls.push(name),
  });
  const socket = join(directory, 'socket');
  const server = await listen({ procedures, address: `unix://${socket}` });
  const [, namespace, type] = provider.address.split('/');
  const reattach = reattachConfig(provider, 'unix', socket);
  const start = (...args: string[]) =>
    startTerraform(directory, args, { ...environment, TF_REATTACH_PROVIDERS: reattach });
  const terraform = (...args: string[]) => start(...args).result;
  const inputs = ['-input=false', '-no-color'];
  return {
    directory,
    calls,
    start,
    terraform,
    configure(hcl) {
      const required = `terraform {\n  required_providers {\n    ${type} = { source = "${namespace}/${type}" }\n  }\n}\n`;
      writeFileSync(join(directory, 'main.tf'), required + hcl);
    },
    async apply() {
      const { code, output } = await terraform('apply', '-auto-approve', ...inputs);
      if (code !== 0) throw new Error(output);
      return output;
    },
    async plan() {
      const { code, output } = await terraform('plan', '-out=test.tfplan', ...inputs);
      if (code !== 0) throw new Error(output);
      const shown = await terraform('show', '-json', 'test.tfplan');
      const { resource_changes: changes = [] } = JSON.parse(shown.output) as {
        resource_changes?: { address: string; change: PlannedChange }[];
      };
      return Object.fromEntries(changes.map(({ address, change }) => [address, change]));
    },
    async planIsEmpty() {
      const { code, output } = await terraform('plan', '-detailed-exitcode', ...inputs);
      if (code === 1) throw new Error(output);
      return code === 0;
    },
    state: () => readState(directory),
    close() {
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
