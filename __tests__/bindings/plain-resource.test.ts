import { Fn, Token, type TerraformResource } from 'cdktf';
import { PlainResource } from '../../lib/bindings/plain-resource';
import { DataDisk, Size, VmPool, type CloudlessStack } from '../../lib';
import { TestSite } from '../support/site';

function pool(site: TestSite, stack: CloudlessStack): VmPool {
  return new VmPool(stack, 'web', {
    ...site.machine,
    count: 2,
    dataDisks: [DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' })],
  });
}

function domainOf({ members: [first] }: VmPool): TerraformResource {
  return first?.node.defaultChild as TerraformResource;
}

it('is written as cdktf writes it', () => {
  // Given two equal sites, of which one has an override, so that every resource goes through cdktf
  const [own, through] = [new TestSite(), new TestSite()];
  for (const site of [own, through]) {
    const stack = site.stack('web');
    pool(site, stack);
    if (site === through) stack.addOverride('locals.any', 1);
    site.synth();
  }
  // Then
  expect(own.addresses('web').length).toBeGreaterThan(8);
  expect(own.json('web').resource).toEqual(withoutHostKeys(through, own));
});

/** The sites have keys of their own, and with them seeds. */
function withoutHostKeys(site: TestSite, as: TestSite): unknown {
  const seeds = (each: TestSite) =>
    each
      .resources('web', 'libvirt_volume')
      .map(({ name }) => String(name))
      .filter((name) => name.includes('-seed-'))
      .sort();
  const [from, to] = [seeds(site), seeds(as)];
  expect(from).toHaveLength(2);
  return JSON.parse(
    from.reduce(
      (text, name, index) => text.replaceAll(name, to[index] ?? ''),
      JSON.stringify(site.json('web').resource),
    ),
  );
}

it('takes overrides, of its own and of its stack', () => {
  const site = new TestSite();
  const stack = site.stack('web');
  const domain = domainOf(pool(site, stack));
  domain.addOverride('description', 'by hand');
  domain.addOverride('autostart', undefined);
  site.synth();
  const [first, second] = site.resources('web', 'libvirt_domain');
  expect(first).toMatchObject({ description: 'by hand', name: 'web-0' });
  expect(first).not.toHaveProperty('autostart');
  expect(second).not.toMatchObject({ description: 'by hand' });

  const other = new TestSite();
  const changed = other.stack('web');
  const { friendlyUniqueId } = domainOf(pool(other, changed));
  changed.addOverride(`resource.libvirt_domain.${friendlyUniqueId}.memory`, 512);
  other.synth();
  expect(other.resources('web', 'libvirt_domain').map(({ memory }) => memory)).toEqual([512, 256]);
});

it('takes what else a resource of cdktf can have', () => {
  const site = new TestSite();
  const stack = site.stack('web');
  const domain = domainOf(pool(site, stack));
  domain.dependsOn = ['terraform_data.other'];
  domain.lifecycle = { postcondition: [{ condition: '${self.running}', errorMessage: 'does not run' }] };
  site.synth();
  expect(site.resources('web', 'libvirt_domain')[0]).toMatchObject({
    depends_on: ['terraform_data.other'],
    lifecycle: { postcondition: [{ error_message: 'does not run' }] },
  });
});

it.each([
  ['text', Token.asString(Fn.upper('x')), '${upper("x")}'],
  ['a number', Token.asNumber(Fn.max([1, 2])), '${max(1, 2)}'],
  ['a list', Token.asList(Fn.concat([['a']])), '${concat(["a"])}'],
])('lets cdktf make %s of a token', (_, token, expected) => {
  const site = new TestSite();
  new PlainResource(
    site.stack('tokens'),
    'data',
    { type: 'terraform_data', providerName: 'terraform' },
    () => ({ input: { deep: [token] }, nothing: undefined }),
  );
  site.synth();
  const { input } = site.resources('tokens', 'terraform_data')[0] as { input: { deep: unknown } };
  expect([input.deep].flat()).toContain(expected);
});
