import { readFileSync } from 'node:fs';
import { DataDisk, Firmware, SecurityDriver, Size } from '../../lib';
import { Cluster } from './cluster';

interface Block {
  readonly attributes?: Readonly<
    Record<string, { readonly computed?: boolean; readonly optional?: boolean }>
  >;
  readonly block_types?: Readonly<Record<string, { readonly block: Block }>>;
}

const META = ['provider', 'lifecycle', 'depends_on', '//'];

/** Everything in a resource that the schema does not have, or that nobody may set. */
function foreign(block: Block, value: Record<string, unknown>, path: string): string[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    const nested = block.block_types?.[name]?.block;
    const attribute = block.attributes?.[name];
    if (attribute) return attribute.computed && !attribute.optional ? [`${path}.${name} is read-only`] : [];
    if (!nested) return [`${path}.${name} is not in the schema`];
    const list = Array.isArray(inner) ? inner : [inner];
    return list.flatMap((each) => foreign(nested, each as Record<string, unknown>, `${path}.${name}`));
  });
}

it('writes nothing that the schema of provider libvirt 0.8.3 does not have', () => {
  const { provider_schemas: providers } = JSON.parse(readFileSync('schemas/libvirt@0.8.3.json', 'utf8')) as {
    provider_schemas: Record<string, { resource_schemas: Record<string, { block: Block }> }>;
  };
  const [{ resource_schemas: schemas }] = Object.values(providers) as [(typeof providers)[string]];
  const cluster = new Cluster({
    hypervisors: [
      { firmware: Firmware.uefi(), accelerator: undefined, securityDriver: SecurityDriver.APPARMOR },
    ],
  });
  const disk = DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' });
  cluster.pool('web', { count: 1, dataDisks: [disk] });
  cluster.synth();
  const types = new Set<string>();
  for (const stack of ['web', 'base-images-kvm1'])
    for (const [type, resources] of Object.entries(cluster.json(stack).resource!)) {
      const schema = schemas[type];
      if (!schema) continue; // terraform_data is Terraform's own
      types.add(type);
      for (const resource of Object.values(resources)) {
        const own = Object.fromEntries(Object.entries(resource).filter(([name]) => !META.includes(name)));
        expect(foreign(schema.block, own, type)).toEqual([]);
      }
    }
  expect([...types].sort()).toEqual(['libvirt_domain', 'libvirt_pool', 'libvirt_volume']);
});
