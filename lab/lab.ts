import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDirectory } from '../lib/core/cache';
import { OperationError, ValidationError } from '../lib/core/errors';
import { mirrorOwnPlugins } from '../lib/core/plugins';
import { asStep, type Progress, SILENT } from '../lib/core/progress';
import { findAccelerator } from './private/accelerator';
import { dnsApiKey } from './private/dns-server';
import { writeIfChanged } from './private/files';
import { packageRoot } from '../lib/core/package-root';
import { forwardSignals } from './private/forward-signals';
import { hypervisorDirectory } from './private/hypervisor';
import { withLock } from './private/lock';
import { Namespace } from './private/namespace';
import {
  inspectPart,
  type Part,
  partProcesses,
  type PartState,
  processCommand,
  startPart,
  stopPart,
} from './private/part';
import type { ProcessEntry } from './private/processes';
import { findRoom, hypervisorRooms, operatorRoom, type Room } from './private/rooms';
import { ensureHostKeys, ensureOperatorKey } from './private/ssh-key';
import { HYPERVISORS, labDirectory, type LabSite, labName, labSite, siteFacts } from './site';

const LOCK_WAIT_SECONDS = 120;
/** Processes between us and a command in the operator's view: nsenter and a shell. */
const LAUNCHERS = 2;
/** Where the names of host programs are that an ordinary user's PATH may lack. */
const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  /** As seen from the host; undefined when stopped. */
  readonly pid?: number;
  readonly address: string;
}

export interface LabStatus {
  readonly name: string;
  readonly directory: string;
  readonly accelerator: LabSite['accelerator'];
  /** True when every part runs and answers. */
  readonly up: boolean;
  readonly parts: readonly PartStatus[];
}

export interface UpOptions {
  /** How many hypervisors the lab shall have, 1 to 3. @default - as many as it had, three for a new one */
  readonly hypervisors?: number;
}

export interface ExecOptions {
  /** Name of the hypervisor on which the command runs. @default - the operator's view, which is kvm1 as well */
  readonly on?: string;
  /** Further environment variables. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A site on one machine: hypervisors, DNS server and Prometheus, real ones, in namespaces of their own. The host's own
 * libvirt, bridges and DNS server are never met, and nothing is left when the lab goes down.
 */
export class Lab {
  /**
   * The lab of this name, running or not.
   *
   * @param name default: the environment variable `CLOUDLESS_LAB`, else `default`
   * @throws ValidationError when the name is not usable
   */
  static named(name = labName()): Lab {
    return new Lab(name);
  }

  private constructor(readonly name: string) {
    labDirectory(name);
  }

  /** Directory of everything that belongs to this lab. */
  get directory(): string {
    return labDirectory(this.name);
  }

  /** Its facts, as an environment uses them. */
  get site(): LabSite {
    // A lab that does not exist is not brought into being by looking at it.
    return existsSync(this.directory) ? labSite(this.name) : siteFacts(this.name, this.directory, 'tcg');
  }

  /**
   * Starts what does not run: everything, or what has died. A lab that is up already is left as it is; machines that
   * run are not disturbed when a daemon around them is started again.
   *
   * @returns whether anything had to be done
   * @throws OperationError when a part does not start, with the last lines of its log
   */
  async up(progress: Progress = SILENT, options: UpOptions = {}): Promise<boolean> {
    this.refuseInside('up');
    const count = options.hypervisors;
    if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= HYPERVISORS))
      throw new ValidationError('', `a lab has 1 to ${HYPERVISORS} hypervisors, not ${count}`);
    const directory = this.prepareDirectory();
    return withLock(join(directory, 'lock'), LOCK_WAIT_SECONDS, async () => {
      let changed = false;
      const { accelerator, hypervisors } = this.site;
      const planned = siteFacts(this.name, this.directory, accelerator, count ?? hypervisors.length);
      // Before the namespaces: they mount and copy what the configuration and the keys lie in.
      await ensureOperatorKey(planned);
      await ensureHostKeys(directory, planned);
      const operator = operatorRoom(directory, planned);
      const others = hypervisorRooms(directory, planned);
      const outdated = new Set<Part>();
      for (const room of [operator, ...others]) {
        for (const part of room.stages.flat()) if (part.configure()) outdated.add(part);
        room.configure();
      }
      const step = <T>(name: string, work: () => Promise<T>): Promise<T> => {
        changed = true;
        return asStep(progress, name, work);
      };

      const { namespace, isNew } = await Namespace.obtain(operator, (work) =>
        step(`lab ${this.name}: namespaces`, work),
      );
      if (!isNew && !Namespace.isMadeFrom(operator))
        throw new OperationError(
          `lab '${this.name}' was started by another version of Cloudless`,
          `end it first, with its machines: cloudless lab down --name ${this.name}`,
        );
      for (const { name } of siteFacts(this.name, this.directory, accelerator).hypervisors) {
        const root = hypervisorDirectory(directory, name);
        if (planned.hypervisors.some((hypervisor) => hypervisor.name === name) || !Namespace.find(root))
          continue;
        await step(`${name}: end`, () => Namespace.remove(root));
      }
      const enter = async (room: Room, place: Namespace): Promise<void> => {
        for (const stage of room.stages) {
          const processes = place.processes();
          await Promise.all(
            stage.map((part) => this.ensurePart(part, place, processes, outdated.has(part), step)),
          );
        }
      };
      const [found] = await Promise.all([
        isNew ? findAccelerator() : accelerator,
        enter(operator, namespace),
        ...others.map(async (room) => {
          const begun = await Namespace.obtain({ ...room, parent: namespace }, (work) =>
            step(room.name, work),
          );
          await enter(room, begun.namespace);
        }),
      ]);
      const site = siteFacts(this.name, this.directory, found, planned.hypervisors.length);
      if (writeIfChanged(join(directory, 'lab.json'), `${JSON.stringify(site, null, 2)}\n`)) changed = true;
      return changed;
    });
  }

  /** What runs, what does not, and where it is reached. */
  async status(): Promise<LabStatus> {
    this.refuseInside('status');
    const { site } = this;
    const rooms = [operatorRoom(this.realDirectory, site), ...hypervisorRooms(this.realDirectory, site)];
    const all = (await Promise.all(rooms.map(roomStatus))).flat();
    return {
      name: this.name,
      directory: this.directory,
      accelerator: site.accelerator,
      up: all.every(({ state }) => state === 'running'),
      parts: all,
    };
  }

  /**
   * Runs a command in the operator's view, where the lab's names resolve and its addresses are reached, or on one of its
   * hypervisors. The current directory, the terminal, signals and the exit code pass through.
   *
   * @returns the command's exit code, 128 + the signal's number when a signal ended it
   * @throws OperationError when the lab or that hypervisor does not run
   */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<number> {
    const inside = Namespace.isInside(this.realDirectory);
    const namespace =
      options.on === undefined
        ? inside
          ? undefined
          : this.namespace()
        : this.hypervisorNamespace(options.on);
    if (!inside && !namespace) throw this.notRunning();
    const [program, ...args] = inOperatorsView(command, namespace);
    const child = spawn(program, args, {
      stdio: 'inherit',
      env: { ...withoutProxies(process.env), ...this.environment(), ...options.environment },
    });
    return forwardSignals(child, namespace ? LAUNCHERS : 0);
  }

  /** Variables that commands in the operator's view get. */
  environment(): Record<string, string> {
    const { site, directory } = this;
    const root = packageRoot();
    const path = (process.env.PATH ?? '').split(delimiter);
    const first = [join(root, 'node_modules', '.bin'), join(root, 'bin')];
    return {
      CLOUDLESS_LAB: this.name,
      CLOUDLESS_LAB_DIRECTORY: directory,
      PDNS_SERVER_URL: site.dns.api,
      PDNS_API_KEY: dnsApiKey(directory),
      // `terraform providers lock` asks the registry whatever is installed, and there is none in here.
      CDKTF_SKIP_PROVIDER_LOCK: 'true',
      // Providers are on this machine already; a second copy would be left in the user's home.
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: '1',
      CHECKPOINT_DISABLE: '1',
      DISABLE_VERSION_CHECK: '1',
      // A provider_installation of the user's own would hide the plugins that lie in each stack's folder.
      TF_CLI_CONFIG_FILE: join(directory, 'terraform.rc'),
      PATH: [...new Set([...first, ...path.filter((entry) => !first.includes(entry)), ...SYSTEM_PATHS])].join(
        delimiter,
      ),
    };
  }

  /**
   * Ends the lab: its machines (as by a power cut), its daemons, its namespaces. Definitions, disks, DNS records and
   * measurements stay in its directory, and are there again after the next `up`.
   *
   * @param options.purge also removes the directory, with the site key and every disk
   * @returns whether there was anything to end
   */
  async down(options: { purge?: boolean } = {}, progress: Progress = SILENT): Promise<boolean> {
    this.refuseInside('down');
    if (!existsSync(this.directory)) return false;
    const directory = this.prepareDirectory();
    let changed = false;
    await withLock(join(directory, 'lock'), LOCK_WAIT_SECONDS, async () => {
      const site = siteFacts(this.name, this.directory, this.site.accelerator);
      const rooms = [operatorRoom(directory, site), ...hypervisorRooms(directory, site)];
      const open = rooms.flatMap((room) => {
        const namespace = findRoom(room);
        return namespace ? [{ room, namespace }] : [];
      });
      if (open.length > 0) {
        changed = true;
        await asStep(progress, `lab ${this.name}: machines`, () =>
          Promise.all(open.map(({ namespace }) => destroyMachines(namespace))),
        );
        await asStep(progress, `lab ${this.name}: daemons`, () =>
          Promise.all(
            open.map(async ({ room, namespace }) => {
              for (const stage of [...room.stages].reverse())
                await Promise.all(stage.map((part) => stopPart(part, namespace)));
            }),
          ),
        );
      }
      // The hypervisors go with the lab whose children they are.
      if (await Namespace.remove(directory)) changed = true;
      for (const room of rooms) rmSync(join(room.directory, 'run'), { recursive: true, force: true });
    });
    if (options.purge) {
      rmSync(directory, { recursive: true, force: true });
      changed = true;
    }
    return changed;
  }

  /** Starts a part unless it runs as it shall. */
  private async ensurePart(
    part: Part,
    namespace: Namespace,
    processes: readonly ProcessEntry[],
    isOutdated: boolean,
    step: <T>(name: string, work: () => Promise<T>) => Promise<T>,
  ): Promise<void> {
    const { state, process } = await inspectPart(part, namespace, processes);
    if (state === 'running' && !isOutdated && process && sameCommand(part, processCommand(process))) return;
    await step(part.name, async () => {
      if (partProcesses(part, processes).length > 0) await stopPart(part, namespace, state);
      await startPart(part, namespace, join(this.realDirectory, 'log'));
    });
  }

  /** Where commands on a hypervisor run. */
  private hypervisorNamespace(name: string): Namespace | undefined {
    const { hypervisors } = this.site;
    if (!hypervisors.some((hypervisor) => hypervisor.name === name)) {
      const known = hypervisors.map((hypervisor) => hypervisor.name).join(', ');
      throw new OperationError(`lab '${this.name}' has no hypervisor '${name}'`, `choose from ${known}`);
    }
    if (name === hypervisors[0].name)
      return Namespace.isInside(this.realDirectory) ? undefined : this.namespace();
    const found = Namespace.find(hypervisorDirectory(this.realDirectory, name));
    if (!found) throw this.notRunning(`hypervisor '${name}' of lab '${this.name}'`);
    return found;
  }

  private namespace(): Namespace | undefined {
    return existsSync(this.directory) ? Namespace.find(this.realDirectory) : undefined;
  }

  /** The directory without symbolic links: one lab is one directory, however its path is written. */
  private get realDirectory(): string {
    return existsSync(this.directory) ? realpathSync(this.directory) : this.directory;
  }

  private prepareDirectory(): string {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    chmodSync(this.directory, 0o700);
    const directory = realpathSync(this.directory);
    if (/^\/(run|sys|proc|dev)\//.test(directory)) {
      throw new OperationError(
        `the lab cannot live in ${directory}: it has a /run of its own`,
        'set CLOUDLESS_CACHE to a directory on a disk',
      );
    }
    mkdirSync(join(directory, 'log'), { recursive: true, mode: 0o700 });
    // The view has no network: every provider comes from this machine, in whatever directory Terraform is called.
    const mirrors = [cacheDirectory('providers'), join(directory, 'plugins')];
    mirrorOwnPlugins(join(directory, 'plugins'));
    const blocks = mirrors.map((path) => `  filesystem_mirror {\n    path = ${JSON.stringify(path)}\n  }\n`);
    writeIfChanged(
      join(directory, 'terraform.rc'),
      `disable_checkpoint = true\nprovider_installation {\n${blocks.join('')}}\n`,
    );
    return directory;
  }

  private refuseInside(what: string): void {
    const hypervisors = existsSync(this.directory) ? this.site.hypervisors.slice(1) : [];
    const places = hypervisors.map(({ name }) => hypervisorDirectory(this.realDirectory, name));
    if ([this.realDirectory, ...places].some((directory) => Namespace.isInside(directory)))
      throw new OperationError(`'lab ${what}' was called inside lab '${this.name}'`, 'leave it first (exit)');
  }

  private notRunning(what = `lab '${this.name}'`): OperationError {
    const name = this.name === 'default' ? '' : ` --name ${this.name}`;
    return new OperationError(`${what} does not run`, `start it: cloudless lab up${name}`);
  }
}

/**
 * The whole command line that runs `command` in the current directory: nsenter would leave it in the view's root.
 *
 * nsenter shall outlive a Ctrl-C that the command means to survive, and not stay stopped after a Ctrl-Z and `fg`; so it
 * ignores what the terminal sends, and the command does not. It then cannot tell by which signal the command ended; the shell between them turns that into an exit code.
 */
function inOperatorsView(
  command: readonly string[],
  namespace: Namespace | undefined,
): [string, ...string[]] {
  const here = process.cwd();
  if (!namespace) return ['env', '-C', here, '--', ...command];
  const script = 'env -C "$0" --default-signal=INT,QUIT,TERM,TSTP -- "$@"; exit $?';
  return [
    'env',
    '--ignore-signal=INT,QUIT,TERM,TSTP',
    '--',
    ...namespace.enter(['sh', '-c', script, here, ...command]),
  ];
}

/** What a room and its parts do. */
async function roomStatus(room: Room): Promise<PartStatus[]> {
  const namespace = findRoom(room);
  const processes = namespace?.processes() ?? [];
  const enter = `nsenter --target ${namespace?.init.pid ?? 'PID'} --mount --net --uts --pid`;
  const parts = room.stages.flat().map(async (part): Promise<PartStatus> => {
    const { name, address } = part;
    if (!namespace) return { name, state: 'stopped', address };
    const { state, process } = await inspectPart(part, namespace, processes);
    return { name, state, pid: process?.pid, address };
  });
  return [
    {
      name: room.name,
      state: namespace ? 'running' : 'stopped',
      pid: namespace?.init.pid,
      address: enter,
    },
    ...(await Promise.all(parts)),
  ];
}

/** Ends the machines of a hypervisor, as by a power cut. */
async function destroyMachines(namespace: Namespace): Promise<void> {
  const options = { timeoutMs: 30_000, okCodes: [0, 1] };
  try {
    const { stdout } = await namespace.run(['virsh', '--quiet', 'list', '--name'], options);
    for (const domain of stdout.split('\n').filter(Boolean))
      await namespace.run(['virsh', '--quiet', 'destroy', domain], options);
  } catch {
    // A libvirtd that is dead or hangs; the kernel ends its machines with the namespace.
  }
}

function sameCommand(part: Part, command: readonly string[]): boolean {
  return command.slice(1).join('\0') === part.command.slice(1).join('\0');
}

/** Nothing outside is in reach of the lab, so neither is a proxy, and what is inside needs none. */
function withoutProxies(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(https?|ftp|all)_proxy$/i.test(name)),
  );
}
