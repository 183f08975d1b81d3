import type { Command } from 'commander';
import { once } from 'node:events';
import { installConsul } from '../lab/hashistack/consul';
import { MIRROR_PORT, serveMirror } from '../lab/hashistack/serve';
import { terminalProgress } from './progress';

/** Adds `cloudless hashistack install | serve`. */
export function register(program: Command): void {
  const hashistack = program.command('hashistack').description('programs of the HashiStack, for the lab');
  hashistack
    .command('install')
    .description('build Consul into the cache from its pinned module; about ten minutes once')
    .action(async () => {
      process.stdout.write(`${await installConsul(terminalProgress())}\n`);
    });
  hashistack
    .command('serve')
    .description(
      'a mirror of these programs by HTTP, until it is interrupted; run it with: cloudless lab exec',
    )
    .requiredOption('--address <address>', 'where it listens')
    .option('--port <port>', 'port', Number, MIRROR_PORT)
    .action(async ({ address, port }: { address: string; port: number }) => {
      const server = serveMirror(address, port);
      await once(server, 'listening');
      process.stdout.write(`http://${address}:${port}\n`);
      await once(server, 'close');
    });
}
