import { join } from 'node:path';
import { App } from 'cdktf';
import {
  CertificateAuthority,
  Cidr,
  Environment,
  Firewall,
  Fqdn,
  GuestConfig,
  IpAddress,
  LockChanges,
  MacAddress,
  Quorum,
  SiteKey,
  type DataMount,
  type GuestImage,
  type GuestModule,
} from '../../../lib';
import { Binaries, ConsulCluster, type ConsulClusterProps } from '../../../modules';
import { temporaryDirectory } from '../../support/site';

/** Addresses that every Linux machine has, each a machine of its own in these tests. */
export const NETWORK = Cidr.of('127.77.0.0/24');

export const PROGRAM = Binaries.inImage('/usr/bin/program');

export interface FixtureOptions {
  readonly directory?: string;
  readonly name?: string;
  /** Path of a site key that exists. */
  readonly siteKeyFile?: string;
}

/** An environment without any machine, for modules alone. */
export function environmentIn({
  directory = temporaryDirectory(),
  name = 'test',
  siteKeyFile,
}: FixtureOptions = {}): Environment {
  const key = siteKeyFile ?? join(directory, 'site.key');
  if (!SiteKey.exists(key)) SiteKey.create(key);
  return new Environment(new App({ outdir: join(directory, 'cdktf.out') }), name, {
    domain: Fqdn.of('test.internal'),
    lockFile: join(directory, `${name}.lock.json`),
    siteKeyFile: key,
    lockChanges: LockChanges.WRITE,
  });
}

/** The same environment on another day. */
export function onDay<T>(day: string, make: () => T): T {
  const before = process.env.SOURCE_DATE_EPOCH;
  process.env.SOURCE_DATE_EPOCH = String(Date.parse(day) / 1000);
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env.SOURCE_DATE_EPOCH;
    else process.env.SOURCE_DATE_EPOCH = before;
  }
}

export function consulCluster(
  environment: Environment,
  more: Partial<ConsulClusterProps> = {},
): ConsulCluster {
  return new ConsulCluster('consul', {
    environment,
    authority: more.authority ?? new CertificateAuthority(environment, 'ca'),
    quorum: Quorum.of(3),
    serverPool: 'servers',
    clientPools: { clients: { services: ['web'] } },
    binaries: PROGRAM,
    ...more,
  });
}

/** A machine of a pool, with data disks where modules of servers need them. */
export function machineOf(
  pool: string,
  index: number,
  modules: readonly GuestModule[],
  mounts: readonly string[] = ['/var/lib/consul', '/var/lib/nomad', '/var/lib/vault'],
  image?: GuestImage,
): GuestConfig {
  const host = (pool === 'servers' ? 11 : 21) + index;
  const guest = new GuestConfig({
    fqdn: Fqdn.of(`${pool}-${index}.test.internal`),
    poolName: pool,
    image,
    firewall: image && { firewall: Firewall.declaredPorts(), pool: [`${NETWORK}`] },
    interfaces: [
      {
        name: 'lan',
        macAddress: MacAddress.derived('test', 'lan', `${pool}-${index}`),
        addresses: [{ address: IpAddress.of(`127.77.0.${host}`), network: NETWORK }],
      },
    ],
  });
  mounts.forEach((mountPoint, disk): void =>
    guest.addDataMount({ disk, label: `data-${disk}`, mountPoint } satisfies DataMount),
  );
  for (const module of modules) guest.use(module);
  return guest;
}

/** The text of a file of a machine, secrets included. */
export function textOf(guest: GuestConfig, path: string): string {
  const content = guest.allFiles.find((file) => file.path === path)?.content;
  if (content === undefined)
    throw new Error(`no file ${path}; there are ${guest.allFiles.map((file) => file.path).join(', ')}`);
  if (typeof content === 'string' || Buffer.isBuffer(content)) return content.toString();
  return 'reveal' in content ? content.reveal().toString() : content.toString();
}

export function jsonOf(guest: GuestConfig, path: string): Record<string, unknown> {
  return JSON.parse(textOf(guest, path)) as Record<string, unknown>;
}

/** A value in an object, by the keys on the way to it. */
export function valueAt(config: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | undefined)?.[key],
    config,
  );
}
