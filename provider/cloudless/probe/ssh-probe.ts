import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshProbe } from './probe-attributes';
import { runCommand } from './run-command';
import { readBanner } from './tcp-probe';

/**
 * Whether an SSH server answers that has the pinned host key. The key exchange is that of OpenSSH, in which the server
 * proves that it has the private key; without a command it ends before anybody logs in.
 *
 * @returns what is wrong; undefined when nothing is
 */
export async function probeSsh(probe: SshProbe, signal: AbortSignal): Promise<string | undefined> {
  const { host, port, host_key: hostKey, user, identity_file: identity, command } = probe;
  // A booting machine is asked often: that is cheap, the key exchange is not.
  const answer = await readBanner(host, port, signal);
  if ('problem' in answer) return answer.problem;
  const directory = await mkdtemp(join(tmpdir(), 'cloudless-ssh-'));
  try {
    const knownHosts = join(directory, 'known_hosts');
    const [type = '', key = ''] = hostKey.split(' ');
    await writeFile(knownHosts, `machine ${type} ${key}\n`);
    const options = {
      BatchMode: 'yes',
      StrictHostKeyChecking: 'yes',
      HostKeyAlias: 'machine',
      CheckHostIP: 'no',
      UserKnownHostsFile: knownHosts,
      GlobalKnownHostsFile: '/dev/null',
      HostKeyAlgorithms: type === 'ssh-rsa' ? 'rsa-sha2-512,rsa-sha2-256' : type,
      UpdateHostKeys: 'no',
      ...(command === null ? { PreferredAuthentications: 'none' } : {}),
      ...(identity === null ? {} : { IdentitiesOnly: 'yes' }),
    };
    const args = [
      ...['-F', '/dev/null', '-T', '-p', String(port)],
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ...(identity === null ? [] : ['-i', identity]),
      ...['-l', user ?? 'cloudless-probe', '--', host, command ?? 'true'],
    ];
    const { code, lastLine } = await runCommand(['ssh', ...args], signal);
    return verdict(`${host}:${port}`, command, code, lastLine, answer.banner);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What ssh itself fails with (ssh(1), EXIT STATUS). */
const SSH_FAILED = 255;

function verdict(
  where: string,
  command: string | null,
  code: number | null,
  lastLine: string,
  banner: string,
): string | undefined {
  if (code === 0) return undefined;
  if (code === null) return lastLine || `${where}: ssh did not end in time (${banner})`;
  if (code !== SSH_FAILED) return `${where}: the command ended with ${code}${lastLine && `: ${lastLine}`}`;
  if (/Host key verification failed|no matching host key type/i.test(lastLine))
    return `${where} does not have the pinned host key: another machine answers, or it made itself a key (${banner})`;
  // Who may not log in has come past the key exchange.
  if (command === null && /Permission denied/i.test(lastLine)) return undefined;
  return `${where}: ${lastLine || 'ssh failed'}`;
}
