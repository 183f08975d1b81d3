import { probeHttp } from './http-probe';
import type { CommandProbe, Probe } from './probe-attributes';
import { runCommand } from './run-command';
import { probeSsh } from './ssh-probe';
import { probeTcp } from './tcp-probe';

/**
 * Asks once.
 *
 * @param timeoutMs what is not answered by then counts as wrong
 * @returns what is wrong, in one line; undefined when nothing is
 * @throws the reason of `signal` when that is aborted
 */
export async function runProbe(
  probe: Probe,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const problem = await ask(probe, limit);
  signal.throwIfAborted();
  return problem;
}

function ask({ tcp, ssh, http, command }: Probe, signal: AbortSignal): Promise<string | undefined> {
  if (tcp) return probeTcp(tcp, signal);
  if (ssh) return probeSsh(ssh, signal);
  if (http) return probeHttp(http, signal);
  if (command) return probeCommand(command, signal);
  return Promise.resolve('the probe asks nothing');
}

async function probeCommand(probe: CommandProbe, signal: AbortSignal): Promise<string | undefined> {
  const { code, lastLine } = await runCommand(probe.command, signal, probe.environment ?? {});
  if (code === probe.exit_code) return undefined;
  const program = probe.command[0] ?? '';
  const end =
    code !== null ? `ended with ${code}` : signal.aborted ? 'did not end in time' : 'could not be run';
  return `${program} ${end}${lastLine && `: ${lastLine}`}`;
}
