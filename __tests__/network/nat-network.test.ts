import { Cidr, NatNetwork } from '../../lib';
import { TestSite } from '../support/site';

it('becomes a network without DHCP and DNS of its own, on a bridge named after it', () => {
  const site = new TestSite().synth();
  expect(site.resources('base', 'libvirt_network')).toEqual([
    expect.objectContaining({
      name: 'lan',
      mode: 'nat',
      bridge: 'cl-lan',
      addresses: ['10.20.0.0/24'],
      autostart: true,
      dhcp: { enabled: false },
      dns: { enabled: false },
    }),
  ]);
});

it('shortens the name of its bridge to what Linux allows', () => {
  const site = new TestSite();
  const network = new NatNetwork(site.base, 'a-rather-long-name', {
    hypervisor: site.hypervisor,
    cidr: Cidr.of('10.21.0.0/24'),
  });
  expect(network.bridgeName).toMatch(/^cl-a-rathe[0-9a-f]{5}$/);
});

it('fails when the address range has host bits', () => {
  expect(() => new TestSite(undefined, { cidr: '10.20.0.7/24' })).toThrow(
    /'10\.20\.0\.7\/24' has host bits set; the network is 10\.20\.0\.0\/24/,
  );
});

it('fails when two networks of a hypervisor have one name', () => {
  const site = new TestSite();
  const stack = site.stack('more');
  new NatNetwork(stack, 'lan', { hypervisor: site.hypervisor, cidr: Cidr.of('10.21.0.0/24') });
  expect(() => site.synth()).toThrow(
    "test-more/lan: network 'lan' is already taken by test-base/lan (hypervisor kvm1)",
  );
});
