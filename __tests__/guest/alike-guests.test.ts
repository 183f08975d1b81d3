import { Fqdn } from '../../lib/core/fqdn';
import { Firewall, GuestConfig, Peers, renderCloudInit, SecretContent } from '../../lib/guest';
import { contributionsText, Contributions } from '../../lib/guest/contributions';
import { IDENTITY, IMAGE } from './fixtures';

// Machines that are alike share what was rendered and checked: never what they do not have in common.
const guestOf = (
  name: string,
  add: (guest: GuestConfig) => void = () => undefined,
  pool = '10.20.0.0/24',
) => {
  const guest = new GuestConfig({
    fqdn: Fqdn.of(`${name}.lab.internal`),
    firewall: { firewall: Firewall.declaredPorts({ ssh: Peers.POOL }), pool: [pool] },
  });
  add(guest);
  return guest;
};
const userData = (guest: GuestConfig, identity = IDENTITY, options: object = IMAGE) =>
  renderCloudInit(guest, identity, options).userData;

test('machines that are alike differ in their names only', () => {
  const add = (guest: GuestConfig) => {
    guest.addFile({ path: '/etc/motd', content: 'welcome\n' });
  };
  const [one, other] = ['web-0', 'web-1'].map((name) =>
    userData(guestOf(name, add), { interfaces: IDENTITY.interfaces }),
  );
  expect(one).toContain('web-0.lab.internal');
  expect(one).not.toEqual(other);
  expect(one?.replaceAll('web-0', 'web-1')).toEqual(other);
});

test('each machine keeps a secret and bytes of its own', () => {
  const contents = [(text: string) => SecretContent.of(text), (text: string) => Buffer.from(`${text}\0`)];
  for (const content of contents) {
    const [one, other] = ['secret-a', 'secret-b'].map((text) =>
      userData(
        guestOf('web', (guest) => {
          guest.addFile({ path: '/etc/key', content: content(text) });
        }),
      ),
    );
    expect(one).not.toEqual(other);
  }
});

test('a secret is never part of the text by which machines are compared', () => {
  const book = new Contributions();
  expect(contributionsText(book)).toBeDefined();
  book.files.push({ item: { path: '/k', content: SecretContent.of('sesame') }, by: 'the machine' });
  expect(contributionsText(book)).toBeUndefined();
});

test('equal contributions with other ranges, packages of the image, cards or forwarding are rendered apart', () => {
  const add = (guest: GuestConfig) => {
    guest.addPackages('curl');
  };
  const texts = [
    userData(guestOf('web', add)),
    userData(guestOf('web', add, '10.30.0.0/24')),
    userData(guestOf('web', add), { ...IDENTITY, interfaces: [] }),
    userData(guestOf('web', add), IDENTITY, { imagePackages: ['curl'] }),
    userData(
      guestOf('web', (guest) => {
        add(guest);
        guest.allowForwarding();
      }),
    ),
  ];
  expect(new Set(texts).size).toBe(texts.length);
});

test('a machine that was rendered is rendered anew when something is added', () => {
  const guest = guestOf('web');
  const before = userData(guest);
  guest.addFile({ path: '/etc/motd', content: 'welcome\n' });
  expect(userData(guest)).not.toEqual(before);
  guest.addFile({ path: '/etc/motd', content: 'welcome\n' });
  expect(guest.validate()).toHaveLength(1);
});

test('what is right in one image is still looked at for another', () => {
  const add = (guest: GuestConfig) => {
    guest.addKernelArgument('quiet');
  };
  const of = (image: object) => {
    const guest = new GuestConfig({
      fqdn: Fqdn.of('web.lab.internal'),
      image: { imageName: 'i', packages: {}, ...image } as never,
    });
    add(guest);
    return guest.validate();
  };
  expect(of({ os: 'fedora-coreos', kind: 'ignition', ignitionSpec: '3.4.0' })).toEqual([]);
  expect(of({ os: 'debian-12', kind: 'cloud-init' })).toHaveLength(1);
});
