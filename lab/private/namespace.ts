import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type CommandOptions, type CommandResult, run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { fileSize, logTail, writeIfChanged } from './files';
import { endProcess, isAlive, listProcesses, type ProcessEntry, readProcess, until } from './processes';

const START_TIMEOUT_MS = 20_000;
/** For programs of the lab: nothing of the caller's environment reaches them. */
export const DAEMON_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
};

/** What a namespace is made from. */
export interface NamespacePlan {
  /** Holds its script, its `/run`, and the proof that it is ready. */
  readonly directory: string;
  /** For people, for example `the lab` or `kvm2`. */
  readonly title: string;
  /** What its first process runs; the file is written into the directory. */
  readonly script: string;
  /** Its log. */
  readonly log: string;
  /** The namespace that it is made in and dies with. @default - the host's */
  readonly parent?: Namespace;
}

/**
 * The PID, mount and network namespace of a lab or, inside that, of one of its hypervisors. Its first process is the
 * only thing that keeps it alive: when that is killed, the kernel ends every process in it and removes its mounts and
 * interfaces.
 */
export class Namespace {
  /** The namespace of this directory, undefined when it does not run (completely). */
  static find(directory: string): Namespace | undefined {
    const init = findInits(directory)[0];
    return init && existsSync(readyFile(directory)) ? new Namespace(init) : undefined;
  }

  /** Whether this very process runs inside the namespace of this directory. */
  static isInside(directory: string): boolean {
    return readProcess(1)?.command.at(-1) === scriptFile(directory);
  }

  /** Whether the namespace of a plan's directory was made from this very plan. */
  static isMadeFrom({ directory, script }: NamespacePlan): boolean {
    return readFileSync(scriptFile(directory), 'utf8') === script;
  }

  /**
   * The namespace of a directory; made anew when it does not run. What an interrupted start left is completed or
   * cleared away.
   *
   * @param asStep called around the work when there is any
   * @throws OperationError when it cannot be made, with the last lines of its log
   */
  static async obtain(
    plan: NamespacePlan,
    asStep: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<{ namespace: Namespace; isNew: boolean }> {
    const { directory } = plan;
    if (findInits(directory).length > 0) {
      await until(() => existsSync(readyFile(directory)) || findInits(directory).length === 0, 5_000);
      const namespace = Namespace.find(directory);
      if (namespace && findInits(directory).length === 1) return { namespace, isNew: false };
      await Namespace.remove(directory);
    }
    return { namespace: await asStep(() => create(plan)), isNew: true };
  }

  /** Ends everything that runs in the namespace of this directory, complete or not; false when nothing did. */
  static async remove(directory: string): Promise<boolean> {
    const inits = findInits(directory);
    for (const init of inits) {
      const launcher = readProcess(init.parent);
      const gone = await endProcess(init, 0);
      if (!gone) {
        throw new OperationError(
          `process ${init.pid} of ${directory} does not end`,
          `look at it with: cat /proc/${init.pid}/stack`,
        );
      }
      // It waits for the one it made, then ends by itself.
      if (launcher && isLauncher(launcher, directory)) await until(() => !isAlive(launcher), 5_000);
    }
    return inits.length > 0;
  }

  private constructor(
    /** First process of the namespace, as seen from here. */
    readonly init: ProcessEntry,
  ) {}

  /** Everything that runs in it. */
  processes(): ProcessEntry[] {
    return listProcesses().filter((entry) => entry.namespace === this.init.namespace);
  }

  isAlive(): boolean {
    return isAlive(this.init);
  }

  /** Program and arguments that run `command` inside. */
  enter(command: readonly string[]): [string, ...string[]] {
    return [
      'nsenter',
      '--target',
      String(this.init.pid),
      '--mount',
      '--net',
      '--uts',
      '--pid',
      '--',
      ...command,
    ];
  }

  /** Runs a program inside to its end. */
  run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const [program, ...args] = this.enter(command);
    return run(program, args, { env: DAEMON_ENVIRONMENT, cwd: '/', ...options });
  }

  /** Starts a program that goes on running inside as a child of the first process, its output appended to `log`. */
  async launch(command: readonly string[], log: string): Promise<void> {
    const detached = ['setsid', '--fork', 'sh', '-c', 'exec "$@" </dev/null >>"$0" 2>&1', log, ...command];
    await this.run(detached, { timeoutMs: 10_000 });
  }
}

/**
 * First processes of this namespace: more than one only when something went badly wrong. Known by their command line, their
 * number in their own PID namespace, and their owner.
 */
function findInits(directory: string): ProcessEntry[] {
  return listProcesses().filter(
    (entry) =>
      entry.namespacePids.length > 1 &&
      entry.namespacePids.at(-1) === 1 &&
      entry.user === 0 &&
      basename(entry.command[0] ?? '') === 'tini' &&
      entry.command.at(-1) === scriptFile(directory),
  );
}

function isLauncher(entry: ProcessEntry, directory: string): boolean {
  return basename(entry.command[0] ?? '') === 'unshare' && entry.command.at(-1) === scriptFile(directory);
}

async function create(plan: NamespacePlan): Promise<Namespace> {
  const { directory, log } = plan;
  const script = scriptFile(directory);
  writeIfChanged(script, plan.script, 0o700);
  // As after a reboot: what a dead daemon left in /run must not be believed by the next one.
  const runDirectory = join(directory, 'run');
  mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
  for (const entry of readdirSync(runDirectory)) rmSync(join(runDirectory, entry), { recursive: true });

  const from = fileSize(log);
  const command = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    .concat(plan.parent ? ['--uts', '--propagation', 'private'] : ['--propagation', 'slave'])
    // A reaper for the daemons' children: libvirt takes a zombie for a machine that does not die.
    .concat(['--', 'tini', '--', '/bin/sh', script]);
  const start = plan.parent ? startIn(plan.parent, command, log) : startDetached(command, log);
  await until(
    () => start.problem() !== undefined || Namespace.find(directory) !== undefined,
    START_TIMEOUT_MS,
  );
  const namespace = start.problem() === undefined ? Namespace.find(directory) : undefined;
  if (namespace) return namespace;
  await Namespace.remove(directory);
  const tail = logTail(log, from);
  const why = start.problem() ?? `not ready after ${START_TIMEOUT_MS / 1000} s`;
  throw new OperationError(
    [
      `the namespaces of ${plan.title} could not be made (${why}); it needs root on a Linux that allows mount, network and PID namespaces; its log is ${log}`,
      tail,
    ]
      .filter(Boolean)
      .join('\n'),
  );
}

/** A start under way; `problem` tells why it failed, undefined while it may succeed. */
interface Start {
  problem(): string | undefined;
}

function startDetached([program = '', ...args]: readonly string[], log: string): Start {
  const output = openSync(log, 'a', 0o600);
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
    env: DAEMON_ENVIRONMENT,
  });
  let problem: string | undefined;
  child.on('error', (error) => (problem = error.message));
  child.on('exit', (code, signal) => (problem = signal ?? `exit code ${code}`));
  closeSync(output);
  child.unref();
  return { problem: () => problem };
}

function startIn(parent: Namespace, command: readonly string[], log: string): Start {
  let problem: string | undefined;
  let launched = false;
  parent.launch(command, log).then(
    () => (launched = true),
    (error: unknown) => (problem = error instanceof Error ? error.message : String(error)),
  );
  // Nobody waits for it: that it has ended is seen by its absence. More than once, for a process that is just being
  // replaced by the program it runs shows no command line.
  const script = command.at(-1);
  let missed = 0;
  return {
    problem: () => {
      if (problem !== undefined || !launched) return problem;
      missed = parent.processes().some((entry) => entry.command.at(-1) === script) ? 0 : missed + 1;
      return missed > 2 ? 'it ended' : undefined;
    },
  };
}

function scriptFile(directory: string): string {
  return join(directory, 'init.sh');
}

function readyFile(directory: string): string {
  return join(directory, 'run', 'cloudless', 'ready');
}
