import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Virsh } from '../images/fleet/virsh';
import { run } from '../lib/core/command';
import { OperationError } from '../lib/core/errors';
import { terminalProgress } from './progress';
import { stacksIn, type StackFolder } from './private/site-facts';
import { readStackJson } from './private/stack-json';

/** Adds `cloudless recover`. */
export function register(program: Command): void {
  program
    .command('recover [stacks...]')
    .description(
      'after an apply that was killed: brings what it had made, but not written down, into the Terraform state',
    )
    .option('--output <directory>', 'where the stacks were synthesised to', 'cdktf.out')
    .action(async (names: string[], { output }: { output: string }) => {
      const stacks = stacksIn(output).filter(({ name }) => names.length === 0 || names.includes(name));
      if (stacks.length === 0)
        throw new OperationError(`there is no stack ${names.join(', ')} in ${output}`, 'run: cdktf synth');
      let found = 0;
      for (const stack of stacks) found += await recover(stack);
      process.stdout.write(
        found === 0
          ? 'nothing to recover: whatever exists under the names of these stacks is in their states\n'
          : `${found} recovered. Nothing was changed but the state; apply again: what differs is made anew\n`,
      );
    });
}

interface Kind {
  /** What virsh calls its commands for the kind. */
  readonly list: string;
  readonly identify: string;
  readonly show: string;
  /** What its XML holds when it was made from this configuration, and hardly by chance. */
  readonly mark: (declared: ResourceJson) => string;
}

/** Types whose creation fails when one of the same name exists. A volume that exists is taken over by its provider. */
const KINDS: Readonly<Record<string, Kind>> = {
  libvirt_domain: {
    list: 'list',
    identify: 'domuuid',
    show: 'dumpxml',
    mark: ({ network_interface: [first] = [] }) => `<mac address='${first?.mac ?? ''}'`,
  },
  libvirt_network: {
    list: 'net-list',
    identify: 'net-uuid',
    show: 'net-dumpxml',
    mark: ({ bridge = '' }) => `<bridge name='${bridge}'`,
  },
  libvirt_pool: {
    list: 'pool-list',
    identify: 'pool-uuid',
    show: 'pool-dumpxml',
    mark: ({ target }) => `<path>${target?.path ?? ''}</path>`,
  },
};

interface ResourceJson {
  readonly name: string;
  readonly provider?: string;
  readonly bridge?: string;
  readonly network_interface?: readonly { readonly mac?: string }[];
  readonly target?: { readonly path?: string };
}

/** What a stack is to have. */
interface Declared {
  /** In Terraform, for example `libvirt_domain.web_web-0_9EAE2FB1`. */
  readonly address: string;
  readonly name: string;
  /** Of the hypervisor it is on. */
  readonly uri: string;
  /** Of the stack, which paths in the URI are relative to. */
  readonly directory: string;
  readonly kind: Kind;
  readonly mark: string;
}

/** Brings one stack's state up to what exists. @returns how many resources were missing in it */
async function recover({ name, directory }: StackFolder): Promise<number> {
  const declared = declaredIn(directory);
  if (declared.length === 0) return 0;
  const progress = terminalProgress();
  const step = progress.step(`looking at ${name}`);
  try {
    if (!existsSync(join(directory, '.terraform')))
      await run('terraform', [`-chdir=${directory}`, 'init', '-input=false']);
    const known = await run('terraform', [`-chdir=${directory}`, 'state', 'list'], { okCodes: [0, 1] });
    const inState = new Set(known.stdout.split('\n'));
    const missing = declared.filter(({ address }) => !inState.has(address));
    const names = onceEach();
    let found = 0;
    for (const resource of missing) {
      const id = await identifierOf(resource, names);
      if (id === undefined) continue;
      step.update(`${resource.address} is ${id}`);
      const args = [`-chdir=${directory}`, 'import', '-input=false', resource.address, id];
      await run('terraform', args);
      progress.note(`  ${resource.address} is ${resource.name} of ${resource.uri} (${id})`);
      found++;
    }
    step.done(found === 0 ? 'complete' : `${found} recovered`);
    return found;
  } catch (error) {
    step.fail();
    throw error;
  }
}

function declaredIn(directory: string): Declared[] {
  const { provider, resource } = readStackJson<ResourceJson>(directory);
  const uris = new Map(provider?.libvirt?.map(({ alias, uri }) => [`libvirt.${alias}`, uri]));
  return Object.entries(KINDS).flatMap(([type, kind]) =>
    Object.entries(resource?.[type] ?? {}).map(([id, json]) => ({
      address: `${type}.${id}`,
      name: json.name,
      uri: uris.get(json.provider ?? '') ?? '',
      directory,
      kind,
      mark: kind.mark(json),
    })),
  );
}

type NamesOf = (virsh: Virsh, list: string) => Promise<ReadonlySet<string>>;

/** The names a hypervisor has of each kind, asked for once. */
function onceEach(): NamesOf {
  const asked = new Map<string, Promise<ReadonlySet<string>>>();
  return (virsh, list) => {
    const key = `${virsh.uri} ${list}`;
    const names = asked.get(key) ?? virsh.lines(list, '--all', '--name').then((lines) => new Set(lines));
    asked.set(key, names);
    return names;
  };
}

/**
 * The UUID of what has the resource's name on its hypervisor, if there is such a thing.
 *
 * @throws OperationError when somebody else has made it: in the state it would be changed or destroyed
 */
async function identifierOf(
  { kind, name, uri, directory, mark }: Declared,
  names: NamesOf,
): Promise<string | undefined> {
  const virsh = new Virsh(uri, directory);
  if (!(await names(virsh, kind.list)).has(name)) return undefined;
  if ((await virsh.run(kind.show, name)).toLowerCase().includes(mark.toLowerCase()))
    return (await virsh.run(kind.identify, name)).trim();
  throw new OperationError(
    `'${name}' on ${uri} was not made from this configuration (it has no ${mark}>)`,
    'rename one of the two, or import it by hand if it is meant',
  );
}
