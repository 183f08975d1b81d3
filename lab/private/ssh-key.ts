import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../lib/core/command';
import type { LabSite } from '../site';
import { writeIfChanged } from './files';
import { hypervisorDirectory } from './hypervisor';

/** Makes the operator's SSH key pair when there is none (ed25519, no passphrase, mode 0600). */
export async function ensureOperatorKey({ name, operator }: LabSite): Promise<void> {
  await ensureKeyPair(operator.privateKey, `operator of lab ${name}`);
}

/**
 * Makes the host key of each hypervisor that is reached by SSH when there is none, and the file of known hosts in which
 * the operator finds them.
 */
export async function ensureHostKeys(directory: string, { name, hypervisors }: LabSite): Promise<void> {
  const lines: string[] = [];
  for (const { name: host, ssh } of hypervisors) {
    if (!ssh) continue;
    const file = join(hypervisorDirectory(directory, host), 'ssh', 'host_key');
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    await ensureKeyPair(file, `${host} of lab ${name}`);
    const [type, key] = readFileSync(`${file}.pub`, 'utf8').split(' ');
    lines.push(`${ssh.port === 22 ? ssh.host : `[${ssh.host}]:${ssh.port}`} ${type} ${key}\n`);
  }
  writeIfChanged(join(directory, 'known_hosts'), lines.join(''), 0o644);
}

async function ensureKeyPair(privateKey: string, comment: string): Promise<void> {
  const publicKey = `${privateKey}.pub`;
  if (!existsSync(privateKey)) {
    const draft = `${privateKey}.draft`;
    for (const path of [draft, `${draft}.pub`]) rmSync(path, { force: true });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', draft]);
    chmodSync(draft, 0o600);
    // The private half last: it is what says that the pair is complete.
    renameSync(`${draft}.pub`, publicKey);
    renameSync(draft, privateKey);
  } else if (!existsSync(publicKey)) {
    const { stdout } = await run('ssh-keygen', ['-y', '-f', privateKey]);
    writeIfChanged(publicKey, stdout, 0o644);
  }
}
