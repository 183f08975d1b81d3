import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import type { ImageDefinition } from '../definition';
import { writeImageFile } from '../build/image-files';
import { matchingPaths } from '../build/path-pattern';
import { sourceDateEpoch } from '../build/recipe';
import { runPlaybook } from './ansible';
import { runInRoot } from './in-root';

/**
 * Makes the users of a definition in its unpacked root, runs the provisioners, then sets permissions.
 *
 * @throws OperationError naming the provisioner that failed
 */
export async function provision(definition: ImageDefinition, root: string, workspace: string): Promise<void> {
  for (const { name, id, home = '/nonexistent' } of definition.users ?? []) {
    const number = id === undefined ? [] : ['--uid', String(id)];
    const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
    // The day of the last change of a password, which there is none of, would be that of the build.
    const env = { SOURCE_DATE_EPOCH: String(sourceDateEpoch(definition)) };
    await runInRoot(root, '/usr/sbin/useradd', [...options, ...number, '--home-dir', home, name], { env });
  }
  for (const [index, provisioner] of (definition.provisioners ?? []).entries()) {
    try {
      switch (provisioner.type) {
        case 'files':
          for (const file of provisioner.files) writeImageFile(root, file);
          break;
        case 'shell':
          await runInRoot(root, '/bin/sh', ['-eu', '-s'], { input: provisioner.script });
          break;
        case 'ansible':
          await runPlaybook(provisioner, root, join(workspace, `playbook-${index}`));
          break;
      }
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const what = `image '${definition.name}': provisioner ${index + 1} (${provisioner.type})`;
      throw new OperationError(`${what}: ${error.message}`);
    }
  }
  for (const { path, mode } of definition.permissions ?? [])
    for (const found of matchingPaths(root, path)) chmodSync(join(root, found), Number.parseInt(mode, 8));
  // Byte code that a provisioner's Python wrote would carry the time of the build.
  if (definition.provisioners?.length)
    for (const left of ['/root/.ansible', '/root/.cache'])
      rmSync(join(root, left), { recursive: true, force: true });
}
