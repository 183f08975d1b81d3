import type { Command } from 'commander';
import { Size } from '../lib/core/size';
import { openLock } from './private/open-lock';

/** Adds `cloudless disk list | release`. */
export function register(program: Command): void {
  const disk = program
    .command('disk')
    .description('data disks: what exists, and the first of two steps to destroy one');
  disk
    .command('list <environment>')
    .description('all data disks that the lock file of an environment knows')
    .option('--lock-file <path>', 'path of the lock file', undefined)
    .action((environment: string, options: { lockFile?: string }) => {
      const { dataDisks } = openLock(environment, options.lockFile);
      for (const [key, record] of Object.entries(dataDisks))
        process.stdout.write(
          `${key.padEnd(24)} ${Size.bytes(record.size).toString().padEnd(10)} ${record.hypervisor}/${record.storagePool}  ${record.released ? 'released: the next apply may destroy it' : 'protected'}\n`,
        );
    });
  disk
    .command('release <environment> <disks...>')
    .description("allow the next apply to destroy disks, given as machine/disk, or 'all'")
    .option('--lock-file <path>', 'path of the lock file', undefined)
    .action((environment: string, disks: string[], options: { lockFile?: string }) => {
      const lock = openLock(environment, options.lockFile);
      for (const key of disks.includes('all') ? Object.keys(lock.dataDisks) : disks)
        lock.releaseDataDisk(key);
      lock.save({ complete: false });
      process.stdout.write(
        'released. Nothing is destroyed yet: synthesise and apply, and a disk goes when its machine is gone or its stack is destroyed\n',
      );
    });
}
