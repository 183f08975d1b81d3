import type { FirstBootCommand } from './contributions';
import { directoryMode, ownerParts, type GuestDirectory } from './guest-file';

/**
 * A script that runs once, goes on after a failure and shows it on the console.
 *
 * @param last lines before its end, which run whatever failed
 */
export function firstBootSteps(commands: readonly FirstBootCommand[], last: readonly string[] = []): string {
  return `#!/bin/sh
# Runs once, at the end of the first boot. A step that fails is shown on the console, the others still run.
failed=0
step() {
  "$@" || {
    echo "cloudless: first boot: exit code $? from: $*" > /dev/console
    failed=1
  }
}
${commands.map((command) => `step ${shellWords(command)}\n`).join('')}${last.map((line) => `${line}\n`).join('')}exit $failed
`;
}

export function makeDirectory(directory: GuestDirectory): FirstBootCommand {
  const { user, group } = ownerParts(directory.owner);
  return ['install', '-d', '-m', directoryMode(directory), '-o', user, '-g', group, directory.path];
}

function shellWords(command: FirstBootCommand): string {
  const words = typeof command === 'string' ? ['sh', '-c', command] : command;
  return words
    .map((word) => (/^[A-Za-z0-9_@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll(`'`, `'\\''`)}'`))
    .join(' ');
}
