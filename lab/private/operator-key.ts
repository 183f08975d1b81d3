import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { run } from '../../lib/core/command';
import type { LabSite } from '../site';
import { writeIfChanged } from './files';

/** Makes the operator's SSH key pair when there is none (ed25519, no passphrase, mode 0600). */
export async function ensureOperatorKey({ name, operator }: LabSite): Promise<void> {
  if (!existsSync(operator.privateKey)) {
    const draft = `${operator.privateKey}.draft`;
    for (const path of [draft, `${draft}.pub`]) rmSync(path, { force: true });
    const comment = `operator of lab ${name}`;
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', draft]);
    chmodSync(draft, 0o600);
    // The private half last: it is what says that the pair is complete.
    renameSync(`${draft}.pub`, operator.publicKey);
    renameSync(draft, operator.privateKey);
  } else if (!existsSync(operator.publicKey)) {
    const { stdout } = await run('ssh-keygen', ['-y', '-f', operator.privateKey]);
    writeIfChanged(operator.publicKey, stdout, 0o644);
  }
}
