import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { Digest } from '../../lib/core/digest';

/**
 * A libvirt URI with which virsh trusts the same host keys as the Terraform provider. Of `knownhosts` the provider knows
 * and virsh, which runs ssh(1), does not: it is given a program that runs ssh with that file (libvirt.org/uri.html,
 * "command").
 *
 * @param directory that a relative `knownhosts` is relative to
 */
export function pinnedUri(uri: string, directory: string): string {
  const [base = '', query] = uri.split('?', 2);
  const parameters = new URLSearchParams(query);
  const file = parameters.get('knownhosts');
  if (!base.startsWith('qemu+ssh:') || file === null || parameters.has('command')) return uri;
  const options = [
    `UserKnownHostsFile="${resolve(directory, file)}"`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
  ];
  parameters.delete('knownhosts');
  const ssh = `ssh ${options.map((each) => `-o '${each}'`).join(' ')} "$@"`;
  // Of what ssh says virsh shows nothing when it is long, as about a changed host key; the reason is in the last line.
  parameters.set('command', script(`{ ${ssh} 2>&1 >&3 3>&- | tail -n 1 >&2; } 3>&1`));
  return `${base}?${parameters.toString().replaceAll('%2F', '/')}`;
}

/** A program in the user's cache, whose name follows from what it does. */
function script(line: string): string {
  const text = `#!/bin/sh\n${line}\n`;
  const path = cacheDirectory('ssh', Digest.ofBytes(text).short);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o700 });
    chmodSync(path, 0o700);
  }
  return path;
}
