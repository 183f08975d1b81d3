import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../framework';
import { durationText } from '../duration-text';
import { messageOf } from '../explained';
import { callHttp } from '../probe/http-probe';
import { runCommand } from '../probe/run-command';
import type { Drain, DrainRequest, PowerOff } from './drain-attributes';

const POLL_MS = 500;

/**
 * Takes a machine out of service: command, request, power off, in this order, each even when the one before failed.
 *
 * @returns what went wrong, a line each
 * @throws the reason of the signal when that is aborted
 */
export async function drain(wanted: Drain, signal: AbortSignal): Promise<string[]> {
  const problems: string[] = [];
  const timeoutMs = parseDuration(wanted.timeout);
  const step = async (action: (limit: AbortSignal) => Promise<string | undefined>) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const problem = await action(limit);
    signal.throwIfAborted();
    if (problem !== undefined)
      problems.push(limit.aborted ? `${problem} (not done within ${wanted.timeout})` : problem);
  };
  const { command, http, power_off: powerOff } = wanted;
  if (command) await step((limit) => runDrainCommand(command, limit));
  if (http) await step((limit) => sendDrainRequest(http, limit));
  if (powerOff) {
    const problem = await switchOff(powerOff, signal);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

async function runDrainCommand(command: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const { code, lastLine } = await runCommand(command, signal);
  if (code === 0) return undefined;
  return `${command.join(' ')} ended with ${code ?? 'no code'}${lastLine && `: ${lastLine}`}`;
}

async function sendDrainRequest(request: DrainRequest, signal: AbortSignal): Promise<string | undefined> {
  const { method, url, status: good } = request;
  try {
    const { status } = await callHttp(request, signal);
    return good.includes(status) ? undefined : `${method} ${url}: status ${status}`;
  } catch (error) {
    return `${method} ${url}: ${messageOf(error)}`;
  }
}

/** @returns why the guest is not off; undefined when it is, or there is no such domain */
async function switchOff(
  { domain, uri, timeout }: PowerOff,
  signal: AbortSignal,
): Promise<string | undefined> {
  const virsh = (...args: string[]) =>
    runCommand(['virsh', ...(uri === null ? [] : ['--connect', uri]), '--quiet', ...args], signal, {
      LC_ALL: 'C',
    });
  const end = Date.now() + parseDuration(timeout);
  const asked = await virsh('shutdown', '--domain', domain);
  signal.throwIfAborted();
  if (asked.code !== 0) {
    if (/domain is not running|failed to get domain|Domain not found/i.test(asked.lastLine)) return undefined;
    const state = await virsh('domstate', '--domain', domain);
    if (state.output.trim() === 'shut off') return undefined;
    return `virsh shutdown ${domain}: ${asked.lastLine}`;
  }
  for (;;) {
    const { code, output } = await virsh('domstate', '--domain', domain);
    signal.throwIfAborted();
    if (code !== 0 || output.trim() === 'shut off') return undefined;
    if (Date.now() >= end)
      return `${domain} is not off after ${durationText(parseDuration(timeout))} (${output.trim()}); its power is cut`;
    await sleep(POLL_MS, undefined, { signal });
  }
}
