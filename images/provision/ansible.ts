import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import type { AnsibleProvisioner } from '../definition';
import { toolEnvironment } from '../build/host-requirements';
import { inRootCommand } from './in-root';

/** What a run of a playbook reported, read from Ansible's default output. */
export interface PlaybookReport {
  /** Tasks and handlers that changed something. */
  readonly changed: readonly string[];
  /** Tasks that failed, with the reason. */
  readonly failed: readonly string[];
  /** Counts of the recap: `ok`, `changed`, `unreachable`, `failed` and more. */
  readonly counts: Readonly<Record<string, number>>;
}

const PLAYBOOK = '/usr/bin/ansible-playbook';

/**
 * Runs a playbook against an unpacked root, twice.
 *
 * Ansible reaches the root as it reaches a host: through its `ssh` connection, whose program is a script that enters
 * the root instead. So `ansible-core` is enough; a `chroot` connection comes in a collection only.
 *
 * @throws OperationError when a task fails, or the second run changes something again
 */
export async function runPlaybook(
  provisioner: AnsibleProvisioner,
  root: string,
  directory: string,
): Promise<void> {
  if (!existsSync(PLAYBOOK))
    throw new OperationError(
      'ansible-playbook is not installed',
      'install it with: apt-get install ansible-core',
    );
  if (!existsSync(join(root, 'usr/bin/python3')))
    throw new OperationError(
      'the image has no Python, which Ansible needs',
      "add 'python3-minimal' to its packages",
    );
  mkdirSync(directory, { recursive: true });
  for (const [path, content] of Object.entries({
    ...provisioner.files,
    'playbook.yml': provisioner.playbook,
  })) {
    if (path.startsWith('/') || normalize(path).startsWith('..'))
      throw new OperationError(`'${path}' lies outside the playbook's directory`, 'use relative paths');
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const enter = join(directory, 'enter-root');
  const command = inRootCommand(root, '/bin/sh', ['-c']).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  // ssh's arguments end in the host and the command.
  writeFileSync(enter, `#!/bin/sh\nfor last; do :; done\nexec ${command.join(' ')} "$last"\n`, {
    mode: 0o755,
  });
  requireSuccess(await play(directory, enter));
  const again = await play(directory, enter);
  requireSuccess(again);
  if ((again.counts.changed ?? 0) > 0)
    throw new OperationError(
      `the second run of the playbook changed something again: ${again.changed.join(', ')}`,
      'write the tasks so that they change nothing when all is as it should be',
    );
}

async function play(directory: string, enter: string): Promise<PlaybookReport> {
  const connection = {
    ansible_connection: 'ssh',
    ansible_ssh_executable: enter,
    ansible_ssh_transfer_method: 'piped',
    ansible_pipelining: true,
    ansible_ssh_args: '',
    ansible_python_interpreter: '/usr/bin/python3',
    // Every command has a /tmp of its own; modules that copy files need one that stays.
    ansible_remote_tmp: '/var/tmp/.ansible',
  };
  const { stdout } = await run(
    PLAYBOOK,
    ['-i', 'image,', '-e', JSON.stringify(connection), join(directory, 'playbook.yml')],
    {
      cwd: directory,
      okCodes: [0, 2, 4],
      env: toolEnvironment({
        HOME: directory,
        ANSIBLE_HOME: join(directory, '.ansible'),
        ANSIBLE_LOCAL_TEMP: join(directory, '.ansible/tmp'),
        ANSIBLE_STDOUT_CALLBACK: 'default',
        ANSIBLE_NOCOLOR: '1',
        ANSIBLE_DISPLAY_SKIPPED_HOSTS: 'no',
        ANSIBLE_RETRY_FILES_ENABLED: 'no',
        ANSIBLE_NOCOWS: '1',
      }),
    },
  );
  return parsePlaybookOutput(stdout);
}

/** Reads what `ansible-playbook` prints for the host `image`. */
export function parsePlaybookOutput(output: string): PlaybookReport {
  const [changed, failed]: [string[], string[]] = [[], []];
  let task = '';
  for (const line of output.split('\n')) {
    task = /^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$/.exec(line)?.[1] ?? task;
    if (/^changed: \[image\]/.test(line)) changed.push(`'${task}'`);
    const failure = /^(?:fatal|failed): \[image\].*?(?:=> (.*))?$/.exec(line);
    if (failure) failed.push(`'${task}'${reasonOf(failure[1])}`);
  }
  const recap = /^image\s*: (.*)$/m.exec(output)?.[1] ?? '';
  const counts = [...recap.matchAll(/(\w+)=(\d+)/g)].map(
    ([, name = '', count]) => [name, Number(count)] as const,
  );
  return { changed: [...new Set(changed)], failed, counts: Object.fromEntries(counts) };
}

function reasonOf(json = ''): string {
  const message = /"msg": "((?:[^"\\]|\\.)*)"/.exec(json)?.[1];
  return message ? ` (${message})` : '';
}

function requireSuccess({ failed, counts }: PlaybookReport): void {
  if ((counts.failed ?? 0) + (counts.unreachable ?? 0) > 0 || failed.length > 0)
    throw new OperationError(`the playbook failed: ${failed.join(', ') || 'the image was not reached'}`);
  if ((counts.ok ?? 0) === 0)
    throw new OperationError(
      'the playbook did nothing',
      "its plays must have 'hosts: image' or 'hosts: all'",
    );
}
