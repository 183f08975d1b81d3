import { Cidr } from '../../lib/core/cidr';
import { Duration } from '../../lib/core/duration';
import { IpAddress } from '../../lib/core/ip-address';
import { Peers, UnitActivation } from '../../lib/guest';
import { NfsAccess, NfsMount, NfsServer } from '../../modules';
import { DEBIAN_12, machineWith, openPorts, textOf, unitOf } from './support/machines';

const LAN = Peers.ranges(Cidr.of('10.20.0.0/24'), Cidr.of('fd00:20::/64'));

describe('a server', () => {
  const guest = machineWith(
    new NfsServer({
      exports: [
        { path: '/srv/data', to: LAN, access: NfsAccess.READ_WRITE },
        { path: '/srv/docs', to: Peers.addresses(IpAddress.of('10.20.0.9')) },
      ],
    }),
    DEBIAN_12,
    '/srv/data',
    '/srv/docs',
  );

  test('lets named peers mount what is on a data disk, and nobody be root over it', () => {
    expect(guest.validate()).toEqual([]);
    expect(textOf(guest, '/etc/exports.d/cloudless.exports')).toBe(
      `/srv/data 10.20.0.0/24(rw,sync,no_subtree_check,root_squash,mountpoint,sec=sys) fd00:20::/64(rw,sync,no_subtree_check,root_squash,mountpoint,sec=sys)
/srv/docs 10.20.0.9(ro,sync,no_subtree_check,root_squash,mountpoint,sec=sys)
`,
    );
  });

  test('needs one port, and has no port mapper', () => {
    expect(openPorts(guest)).toEqual(['2049/tcp 10.20.0.0/24, fd00:20::/64 and 10.20.0.9']);
    expect(textOf(guest, '/etc/nfs.conf.d/cloudless.conf')).toContain('vers3=n\n');
    expect(guest.units.filter(({ activation }) => activation === UnitActivation.MASKED)).toHaveLength(3);
  });

  test('has a data disk for each export', () => {
    expect(machineWith(new NfsServer({ exports: [{ path: '/srv/data', to: LAN }] })).validate()).toEqual([
      expect.stringContaining("nfs-server has no data disk at '/srv/data'"),
    ]);
  });

  test('refuses peers that are no addresses, and paths that would be read as something else', () => {
    expect(
      () =>
        new NfsServer({
          exports: [
            { path: '/a b', to: Peers.POOL },
            { path: '/c', to: LAN },
            { path: '/c', to: LAN },
          ],
          threads: 0,
        }),
    ).toThrow(
      /'\/a b' has a character.*\n.*is for the pool; name addresses.*\n.*'\/c' is there twice.*\n.*'threads' is 0/,
    );
  });
});

describe('a mount', () => {
  test('is made when it is used, so that a machine starts without the server', () => {
    const guest = machineWith(
      new NfsMount({
        from: 'nfs-0.lab.internal:/srv/data',
        mountPoint: '/mnt/my-data',
        idle: Duration.minutes(5),
      }),
    );
    expect(guest.validate()).toEqual([]);
    expect(unitOf(guest, 'mnt-my\\x2ddata.automount')).toContain('TimeoutIdleSec=300\n');
    expect(unitOf(guest, 'mnt-my\\x2ddata.mount')).toContain(
      'What=nfs-0.lab.internal:/srv/data\nWhere=/mnt/my-data\nType=nfs4\nOptions=ro,vers=4.2,',
    );
    expect(guest.units.find(({ name }) => name.endsWith('.mount'))?.activation).toBe(
      UnitActivation.ON_DEMAND,
    );
  });

  test('refuses a source that is none', () => {
    expect(() => new NfsMount({ from: 'nfs-0', mountPoint: 'mnt' })).toThrow(
      /is not absolute.*\n.*'nfs-0' is no directory of a server/,
    );
  });
});
