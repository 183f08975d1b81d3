/**
 * Drives a provider with the real Terraform while the provider lives in the test process: Terraform attaches to it
 * (`TF_REATTACH_PROVIDERS`), so nothing is built or installed, and breakpoints and coverage work.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyProvider } from './provider';
import { providerService } from './provider-service';
import { createGrpcServer, listen } from './serve/grpc-server';

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

export interface Workspace {
  readonly directory: string;
  /** The remote procedures Terraform called, in order. */
  readonly calls: string[];
  /** Writes the configuration (HCL); what names the provider is added. */
  configure(hcl: string): void;
  /** Runs a Terraform command in the workspace. */
  terraform(...args: string[]): Promise<CommandResult>;
  /** Applies; fails with Terraform's words when Terraform does. */
  apply(): Promise<string>;
  /** True when a plan finds nothing to do; fails with Terraform's words when Terraform does. */
  planIsEmpty(): Promise<boolean>;
  /** Instances in the state by address: `powerdns_zone.lab`. */
  state(): Readonly<Record<string, StoredInstance>>;
  close(): void;
}

/** Name of the Terraform program: `TERRAFORM_BINARY_NAME` as for cdktf, or `terraform`. */
export const terraformProgram = () => process.env.TERRAFORM_BINARY_NAME || 'terraform';

/** Runs Terraform in a directory, without asking anything of anybody. */
export function runTerraform(
  directory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: '/dev/null',
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(
      terraformProgram(),
      [...args],
      { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, output: stdout + stderr });
      },
    );
  });
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
  const server = createGrpcServer({
    service: providerService(provider),
    onShutdown: () => undefined,
    onCall: (name) => calls.push(name),
  });
  const socket = join(directory, 'socket');
  await listen(server, `unix://${socket}`);
  const [, namespace, type] = provider.address.split('/');
  const reattach = {
    [provider.address]: {
      Protocol: 'grpc',
      ProtocolVersion: 6,
      Pid: process.pid,
      Test: true,
      Addr: { Network: 'unix', String: socket },
    },
  };
  const terraform = (...args: string[]) =>
    runTerraform(directory, args, { ...environment, TF_REATTACH_PROVIDERS: JSON.stringify(reattach) });
  const inputs = ['-input=false', '-no-color'];
  return {
    directory,
    calls,
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
    async planIsEmpty() {
      const { code, output } = await terraform('plan', '-detailed-exitcode', ...inputs);
      if (code === 1) throw new Error(output);
      return code === 0;
    },
    state: () => readState(directory),
    close() {
      server.forceShutdown();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
