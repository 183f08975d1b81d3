import { open } from 'node:fs/promises';
import { messageOf } from '../explained';
import { runCommand } from '../probe/run-command';

/** Enough for the last lines of a console. */
const TAIL_BYTES = 64 * 1024;
const COMMAND_TIMEOUT_MS = 15_000;

export interface ConsoleSource {
  /** Path of a file that the serial console is written to. */
  readonly log: string | null;
  /** Program that prints it. */
  readonly command: readonly string[] | null;
  readonly lines: number;
}

/** The last lines of the serial console with a heading, or why they cannot be had; undefined when there is no source. */
export async function consoleTail({ log, command, lines }: ConsoleSource): Promise<string | undefined> {
  if (log === null && command === null) return undefined;
  const from = log ?? (command ?? []).join(' ');
  try {
    const text = log !== null ? await tailOf(log) : await printedBy(command ?? []);
    const last = readable(text).slice(-lines);
    if (last.length === 0)
      return `The serial console (${from}) is empty: the machine may not have booted at all.`;
    return `Last lines of the serial console (${from}):\n${last.map((line) => `  ${line}`).join('\n')}`;
  } catch (error) {
    return `The serial console cannot be shown (${from}): ${messageOf(error)}`;
  }
}

async function tailOf(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function printedBy(command: readonly string[]): Promise<string> {
  const { code, output, lastLine } = await runCommand(command, AbortSignal.timeout(COMMAND_TIMEOUT_MS));
  // What a program has printed is shown even when it does not end, as that of `virsh console` does not.
  if (code !== 0 && output === '')
    throw new Error(`the command ended with ${code ?? 'no code'}: ${lastLine}`);
  return output;
}

/** Lines without the sequences that move cursors and set colours (ECMA-48), without empty ones. */
function readable(text: string): string[] {
  return text
    .replace(/\u001b(\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)|[@-Z\\-_])/g, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/[^\P{C}\t]/gu, '').trimEnd())
    .filter((line) => line !== '');
}
