import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import { fileSize, logTail } from './files';
import type { Namespace } from './namespace';
import { endProcess, isAlive, type ProcessEntry, until } from './processes';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 3_000;
const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

/** A daemon of the lab. */
export interface Part {
  /** For people, for example `kvm1/libvirtd`. */
  readonly name: string;
  /** Where it is reached from inside the lab. */
  readonly address: string;
  /** Program and arguments; the last argument is unlike that of any other part. */
  readonly command: readonly [string, ...string[]];
  /** Program and arguments that succeed inside the lab when the part does its work. */
  readonly probe: readonly string[];
  /** Writes what the part reads when it starts; true when that changed. */
  configure(): boolean;
  /** Program and arguments that run to their end inside before the part is started. @default - none */
  readonly prepare?: readonly string[];
}

export type PartState = 'running' | 'stopped' | 'not answering';

/** The processes that are this part; more than one only when something went wrong. */
export function partProcesses(part: Part, processes: readonly ProcessEntry[]): ProcessEntry[] {
  return processes.filter((process) => {
    const command = processCommand(process);
    return basename(command[0] ?? '') === basename(part.command[0]) && command.at(-1) === part.command.at(-1);
  });
}

/** The command line of a process. sshd overwrites its own with one line in which it is quoted. */
export function processCommand({ command }: Pick<ProcessEntry, 'command'>): readonly string[] {
  const listener = /^sshd: (.*) \[listener\]/.exec(command[0] ?? '')?.[1];
  return listener === undefined ? command : listener.split(' ');
}

/** Whether the part does its work, asked of itself. */
export async function answers(part: Part, namespace: Namespace): Promise<boolean> {
  try {
    await namespace.run(part.probe, { timeoutMs: PROBE_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

/** State of a part and the process it was found in. */
export async function inspectPart(
  part: Part,
  namespace: Namespace,
  processes: readonly ProcessEntry[],
): Promise<{ state: PartState; process?: ProcessEntry }> {
  const [process] = partProcesses(part, processes);
  if (!process) return { state: 'stopped' };
  return { state: (await answers(part, namespace)) ? 'running' : 'not answering', process };
}

/**
 * Starts a part and waits until it does its work.
 *
 * @throws OperationError when it does not, with the last lines of its log
 */
export async function startPart(part: Part, namespace: Namespace, logDirectory: string): Promise<void> {
  const log = join(logDirectory, `${part.name.replaceAll('/', '-')}.log`);
  if (fileSize(log) > LOG_LIMIT_BYTES) renameSync(log, `${log}.old`);
  const from = fileSize(log);
  if (part.prepare) await namespace.run(part.prepare, { timeoutMs: START_TIMEOUT_MS });
  await namespace.launch(part.command, log);
  const launched = Date.now();
  let ended = false;
  const working = await until(
    async () => {
      // It takes a moment from the launch until the process bears its own name.
      ended = Date.now() - launched > 500 && partProcesses(part, namespace.processes()).length === 0;
      return ended || (await answers(part, namespace));
    },
    START_TIMEOUT_MS,
    30,
  );
  if (working && !ended) return;
  await stopPart(part, namespace, 'not answering');
  const tail = logTail(log, from);
  const what = ended ? 'ended right after its start' : `does not answer after ${START_TIMEOUT_MS / 1000} s`;
  throw new OperationError([`${part.name} ${what}; its log is ${log}`, tail].filter(Boolean).join('\n'));
}

/** Ends a part, asking first; one that does not answer is not asked for long. */
export async function stopPart(
  part: Part,
  namespace: Namespace,
  state: PartState = 'running',
): Promise<void> {
  const graceMs = state === 'running' ? STOP_TIMEOUT_MS : 1_000;
  for (const process of partProcesses(part, namespace.processes())) {
    if (!isAlive(process)) continue;
    if (!(await endProcess(process, graceMs)))
      throw new OperationError(`${part.name} (process ${process.pid}) does not end`, 'try again in a moment');
  }
}
