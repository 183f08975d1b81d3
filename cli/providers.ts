import type { Command } from 'commander';
import { installProviders } from '../lab/providers/install';
import { isInstalled, mirrorDirectory, PROVIDER_PLUGINS, sourceOf } from '../lab/providers/provider-plugin';
import { terminalProgress } from './progress';

/** Adds `cloudless providers install | list`. */
export function register(program: Command): void {
  const providers = program
    .command('providers')
    .description('the Terraform providers that stacks are applied with');
  providers
    .command('install')
    .description('put what is missing into the cache: from a mirror or the registry, else built with Go')
    .option('--only <types>', 'some of them, for example libvirt,local')
    .action(async ({ only }: { only?: string }) => {
      const types = only?.split(',').map((type) => type.trim());
      const installed = await installProviders({ only: types, progress: terminalProgress() });
      if (installed.length === 0) process.stdout.write('providers are installed, nothing to do\n');
    });
  providers
    .command('list')
    .description('what is installed and where')
    .action(() => {
      for (const plugin of PROVIDER_PLUGINS) {
        const where = isInstalled(plugin) ? mirrorDirectory(plugin) : 'not installed';
        process.stdout.write(`${sourceOf(plugin)} ${plugin.version}  ${where}\n`);
      }
    });
}
