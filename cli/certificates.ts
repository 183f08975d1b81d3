import type { Command } from 'commander';
import { openLock } from './private/open-lock';

/** Adds `cloudless certificates list | renew`. */
export function register(program: Command): void {
  const certificates = program
    .command('certificates')
    .description('certificates of machines: how old they are, and issuing them anew');
  certificates
    .command('list <environment>')
    .description('all certificates that the lock file of an environment knows, the oldest first')
    .option('--lock-file <path>', 'path of the lock file', undefined)
    .action((environment: string, options: { lockFile?: string }) => {
      const lock = openLock(environment, options.lockFile);
      const sorted = Object.entries(lock.certificates).sort(([, a], [, b]) =>
        a.issued.localeCompare(b.issued),
      );
      for (const [key, { issued }] of sorted)
        process.stdout.write(`${issued}  ${String(lock.daysSince(issued)).padStart(5)} days old  ${key}\n`);
    });
  certificates
    .command('renew <environment> <certificates...>')
    .description(
      "issue certificates anew as of today, given as authority/name (an authority's own as authority/): a change of the lock file, which replaces their machines when it is applied",
    )
    .option('--lock-file <path>', 'path of the lock file', undefined)
    .action((environment: string, keys: string[], options: { lockFile?: string }) => {
      const lock = openLock(environment, options.lockFile);
      lock.renewCertificates(keys);
      process.stdout.write(lock.difference() ?? 'all of them are of today\n');
      lock.save({ complete: false });
      process.stdout.write(
        'Nothing is replaced yet: synthesise, look at the plan, and apply one server after the other\n',
      );
    });
}
