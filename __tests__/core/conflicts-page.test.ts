import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Construct } from 'constructs';
import {
  Cidr,
  ClaimKind,
  Claims,
  Environment,
  Fqdn,
  IpAddress,
  MacAddress,
  NatNetwork,
  OvsNetwork,
  PowerDns,
  RecordSet,
  ScrapeJob,
  StoragePool,
  VirtualMachine,
  Vlan,
  VmPool,
  VxlanNetwork,
  Zone,
  type VirtualMachineProps,
} from '../../lib';
import { NodeExporter } from '../../modules';
import { TestSite } from '../support/site';

const PAGE = 'docs/conflicts.md';

/** Makes one thing in two stacks. */
function twice(site: TestSite, make: (stack: Construct, id: string) => unknown): void {
  make(site.stack('a'), 'first');
  make(site.stack('b'), 'second');
}

function machines(site: TestSite, props: Partial<VirtualMachineProps>): void {
  twice(site, (stack, id) => new VirtualMachine(stack, id, { ...site.machine, ...props }));
}

function vlans(site: TestSite, [first, second]: [[string, number], [string, number]]): void {
  new Vlan(site.environment, first[0], { id: first[1] });
  new Vlan(site.stack('more'), second[0], { id: second[1] });
}

function jobs(site: TestSite, ids: readonly [string, string]): void {
  const { members } = new VmPool(site.stack('web'), 'web', {
    ...site.machine,
    count: 1,
    modules: [new NodeExporter()],
  });
  ids.forEach(
    (id, index) =>
      new ScrapeJob(site.stack(`monitoring-${index}`), id, {
        jobName: 'node',
        machines: members,
        targetsDirectory: '/srv/targets',
      }),
  );
}

function zone(site: TestSite, scope: Construct, id: string): Zone {
  const server = (site.environment.node.tryFindChild('pdns') ??
    new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081' })) as PowerDns;
  return new Zone(scope, id, {
    server,
    name: Fqdn.of('example.org'),
    nameservers: [Fqdn.of('ns.example.org')],
  });
}

/** What provokes a conflict about each kind of claim, in words and in code. */
const CONFLICTS: Readonly<Record<ClaimKind, [string, (site: TestSite) => void]>> = {
  [ClaimKind.VM_NAME]: [
    'Two machines of one name on one hypervisor, where libvirt has one domain of a name.',
    (site) => {
      machines(site, { name: 'web' });
    },
  ],
  [ClaimKind.FQDN]: [
    'Two machines of one name in a domain, on whichever hypervisors.',
    (site) => {
      machines(site, { name: 'web' });
    },
  ],
  [ClaimKind.ADDRESS]: [
    'Two machines that are given one address.',
    (site) => {
      machines(site, { address: IpAddress.of('10.20.0.50') });
    },
  ],
  [ClaimKind.ADDRESS_RANGE]: [
    'Two networks that reach each other, with overlapping ranges.',
    (site) =>
      new NatNetwork(site.stack('more'), 'office', {
        hypervisor: site.hypervisor,
        cidr: Cidr.of('10.20.0.128/25'),
      }),
  ],
  [ClaimKind.MAC_ADDRESS]: [
    'Two cards with one MAC address.',
    (site) => {
      const networks = [{ network: site.network, mac: MacAddress.of('52:54:00:12:34:56') }];
      machines(site, { network: undefined, networks });
    },
  ],
  [ClaimKind.LOCK_FILE]: [
    'Two environments with one lock file.',
    (site) =>
      new Environment(site.app, 'other', {
        domain: Fqdn.of('other.internal'),
        lockFile: join(site.directory, 'test.lock.json'),
        siteKeyFile: join(site.directory, 'other.key'),
      }),
  ],
  [ClaimKind.BRIDGE]: [
    'A bridge that libvirt makes, and one that is to be there already.',
    (site) =>
      new OvsNetwork(site.environment, 'servers', {
        hypervisors: [site.hypervisor],
        bridge: 'cl-lan',
        cidr: Cidr.of('10.31.0.0/24'),
      }),
  ],
  [ClaimKind.INTERFACE]: [
    'An interface that a construct of your own makes, under the name of a bridge: they share their names.',
    (site) => {
      const tap = new Construct(site.stack('more'), 'tap');
      Claims.of(tap).claim(tap, ClaimKind.INTERFACE, 'cl-lan', 'hypervisor kvm1');
    },
  ],
  [ClaimKind.NETWORK_NAME]: [
    'Two networks of one name.',
    (site) =>
      new NatNetwork(site.stack('more'), 'lan', {
        hypervisor: site.hypervisor,
        cidr: Cidr.of('10.31.0.0/24'),
        bridgeName: 'cl-other',
      }),
  ],
  [ClaimKind.VLAN_ID]: [
    'Two VLANs of one id on the same switches.',
    (site) => {
      vlans(site, [
        ['servers', 10],
        ['guests', 10],
      ]);
    },
  ],
  [ClaimKind.VLAN_NAME]: [
    'Two VLANs of one name on the same switches.',
    (site) => {
      vlans(site, [
        ['servers', 10],
        ['servers', 11],
      ]);
    },
  ],
  [ClaimKind.VXLAN_ID]: [
    'Two VXLAN segments of one id.',
    (site) => {
      ['seg1', 'seg2'].forEach(
        (id, index) =>
          new VxlanNetwork(site.environment, id, {
            hypervisors: [site.hypervisor],
            vni: 100,
            cidr: Cidr.of(`10.3${index}.0.0/24`),
          }),
      );
    },
  ],
  [ClaimKind.STORAGE_POOL]: [
    'Two storage pools of one name on one hypervisor.',
    (site) =>
      new StoragePool(site.stack('more'), 'default', {
        hypervisor: site.hypervisor,
        path: '/var/lib/libvirt/more',
      }),
  ],
  [ClaimKind.VOLUME]: [
    'Two volumes of one name in a storage pool, here the root disks of machines of one name.',
    (site) => {
      machines(site, { name: 'web' });
    },
  ],
  [ClaimKind.PORT]: [
    'Two programs of your own on one port of a host. (Ports within a machine are told by the machine itself.)',
    (site) => {
      twice(site, (stack, id) => {
        const exporter = new Construct(stack, id);
        Claims.of(exporter).claim(exporter, ClaimKind.PORT, '9100/tcp', 'hypervisor kvm1');
      });
    },
  ],
  [ClaimKind.RRSET]: [
    'Two record sets of one name and type.',
    (site) => {
      const stack = site.stack('dns');
      const within = zone(site, stack, 'zone');
      for (const [id, address] of [
        ['first', '192.0.2.1'],
        ['second', '192.0.2.2'],
      ] as const)
        new RecordSet(stack, id, { zone: within, name: 'www.example.org.', type: 'A', records: [address] });
    },
  ],
  [ClaimKind.ZONE]: [
    'One zone twice on a server.',
    (site) => {
      twice(site, (stack, id) => zone(site, stack, id));
    },
  ],
  [ClaimKind.SCRAPE_TARGET]: [
    'One target twice in a scrape job, which Prometheus would count twice.',
    (site) => {
      jobs(site, ['first', 'second']);
    },
  ],
  [ClaimKind.FILE]: [
    'One file written by two constructs.',
    (site) => {
      jobs(site, ['web', 'web']);
    },
  ],
};

/** The line of a provoked conflict that tells of a kind. */
function lineOf(kind: ClaimKind): string {
  const site = new TestSite();
  CONFLICTS[kind][1](site);
  const lines = Claims.of(site.app)
    .conflicts.flatMap((conflict) => conflict.split('\n'))
    .filter((line) => line.includes(`: ${kind} '`));
  expect(lines.length).toBeGreaterThan(0);
  return (lines[0] ?? '').replaceAll(`${site.directory}/`, 'environments/');
}

function page(): string {
  const sections = Object.entries(CONFLICTS)
    .map(([kind, [words]]) => `## ${kind}\n\n${words}\n\n\`\`\`\n${lineOf(kind as ClaimKind)}\n\`\`\`\n`)
    .join('\n');
  return `# One example of every conflict

What is taken is claimed in one registry for the whole app ([addresses](addresses.md#claims)). A second claim on one thing is told at synth, before
anything is written. Here is what is said about each kind of claim; behind it comes, on a line of its own, where in your code both sides are made:

\`\`\`
  test-a/first comes from environments/test.ts:31, test-b/second comes from environments/test.ts:40
\`\`\`

This page is written by \`__tests__/core/conflicts-page.test.ts\`, which provokes each of them:
\`CLOUDLESS_WRITE_PAGES=1 npx jest --selectProjects unit --testPathPatterns conflicts-page\`.

${sections}`;
}

it('the page of conflicts shows what is really said about every kind of claim', () => {
  const expected = page();
  if (process.env.CLOUDLESS_WRITE_PAGES) writeFileSync(PAGE, expected);
  expect(readFileSync(PAGE, 'utf8')).toBe(expected);
});

it('a conflict is told with the lines that both sides come from', () => {
  const site = new TestSite();
  machines(site, { address: IpAddress.of('10.20.0.50') });
  expect(() => site.synth()).toThrow(
    /\n {2}test-a\/first comes from __tests__\/core\/conflicts-page\.test\.ts:\d+, test-b\/second comes from __tests__/,
  );
});
