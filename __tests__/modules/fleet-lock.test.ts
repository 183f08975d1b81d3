import { parse } from 'yaml';
import type { Peers } from '../../lib/guest';
import { ContainerImage, FleetLockServer } from '../../modules';
import { COREOS, DEBIAN_12, machineWith, openPorts, textOf } from './support/machines';

const image = ContainerImage.of(`ghcr.io/heathcliff26/fleetlock:v1.9.1@sha256:${'a'.repeat(64)}`);
const server = (guestImage = DEBIAN_12, from?: Peers) =>
  machineWith(
    new FleetLockServer({ image, groups: { consul: 1, workers: 5 }, quorums: { consul: 3 }, from }),
    guestImage,
    '/var/lib/fleet-lock',
  );

test('keeps its slots on a data disk, and answers the pool by name', () => {
  const guest = server();
  expect(guest.validate()).toEqual([]);
  expect(parse(textOf(guest, '/etc/cloudless/apps/fleet-lock/files/config/config.yaml'))).toEqual({
    logLevel: 'info',
    server: { listen: ':8080' },
    storage: { type: 'sqlite', sqlite: { file: '/data/fleetlock.db' } },
    groups: { consul: { slots: 1 }, workers: { slots: 5 } },
  });
  expect(openPorts(guest)).toEqual(['8080/tcp the pool']);
  expect(guest.services).toEqual([{ name: 'fleet-lock', port: 8080 }]);
});

test('is a quadlet on Fedora CoreOS', () => {
  expect(textOf(server(COREOS), '/etc/containers/systemd/fleet-lock.container')).toContain(
    'Exec=--config /config/config.yaml\n',
  );
});

test('refuses slots that a quorum does not survive', () => {
  expect(() => new FleetLockServer({ image, groups: { consul: 2 }, quorums: { consul: 3 } })).toThrow(
    "fleet-lock: group 'consul' has 2 slots and 3 members, of which 1 may be away; lower its slots",
  );
  expect(() => new FleetLockServer({ image, groups: { a: 0 }, quorums: { b: 3 } })).toThrow(
    /group 'a' has 0 slots.*\n.*names the group 'b', which has no slots/,
  );
  expect(() => new FleetLockServer({ image, groups: {} })).toThrow("'groups' is empty");
});
