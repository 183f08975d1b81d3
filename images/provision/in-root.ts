import { run, type CommandResult } from '../../lib/core/command';
import { toolEnvironment } from '../build/host-requirements';

/**
 * Runs a program of the image in its unpacked root, in name spaces of its own: it sees no process, no network and no
 * host name of the build host, and whatever ends this program ends it.
 */
export function runInRoot(
  root: string,
  program: string,
  args: readonly string[] = [],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  const [command, ...rest] = inRootCommand(root, program, args);
  return run(command ?? '', rest, {
    input: options.input,
    env: toolEnvironment({ PYTHONDONTWRITEBYTECODE: '1', ...options.env }),
  });
}

/** The whole command line of {@link runInRoot}. */
export function inRootCommand(root: string, program: string, args: readonly string[]): string[] {
  const spaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--kill-child'];
  const script = [
    'hostname localhost',
    'mount -t proc proc "$1/proc"',
    'mount -t tmpfs -o mode=755 run "$1/run"',
    'mount -t tmpfs -o mode=1777 tmp "$1/tmp"',
    'root=$1; shift; exec chroot "$root" "$@"',
  ].join(' && ');
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    ...spaces,
    '--',
    'sh',
    '-c',
    script,
    'sh',
    root,
    program,
    ...args,
  ];
}
