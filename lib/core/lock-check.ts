import { Cidr } from './cidr';
import { Digest } from './digest';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';
import type { LockContents, NetworkRecord } from './lock-contents';
import { MacAddress } from './mac-address';

const FIX = 'undo the edit by hand, or restore the file from version control';

/** Everything in which a lock file contradicts itself; empty for a good one. */
export function lockProblems(contents: LockContents): string[] {
  return [
    ...Object.entries(contents.networks).flatMap(([name, network]) =>
      networkProblems(contents.environment, name, network),
    ),
    ...diskProblems(contents),
    ...imageProblems(contents),
    ...identityProblems(contents),
    ...certificateProblems(contents),
  ];
}

function networkProblems(environment: string, name: string, network: NetworkRecord): string[] {
  const problems: string[] = [];
  const cidr = attempt(() => Cidr.of(network.cidr), `network '${name}'`, problems);
  const cidr6 =
    network.cidr6 === undefined
      ? undefined
      : attempt(() => Cidr.of(network.cidr6 ?? ''), `network '${name}'`, problems);
  if (!cidr) return problems;
  const taken = new Map<string, string>();
  const check = (state: string, records: NetworkRecord['members']) => {
    for (const [member, record] of Object.entries(records)) {
      const who = `network '${name}': ${state} '${member}'`;
      const address = attempt(() => IpAddress.of(record.address), who, problems);
      const mac = attempt(() => MacAddress.of(record.mac), who, problems);
      const { address6: text6 } = record;
      const address6 = text6 === undefined ? undefined : attempt(() => IpAddress.of(text6), who, problems);
      for (const [value, range] of [
        [address, cidr],
        [address6, cidr6],
      ] as const)
        if (value && range && !range.contains(value))
          problems.push(`${who} has ${value}, which is outside ${range}; ${FIX}`);
      for (const [what, value] of [
        ['address', address],
        ['MAC address', mac],
        ['address', address6],
      ] as const) {
        if (!value) continue;
        const other = taken.get(`${value}`);
        if (other !== undefined)
          problems.push(
            `${who} has ${what} ${value}, and so has '${other}', as a merge of two branches can leave it; say who keeps it, the other gets a new one: cloudless addresses resolve ${environment} --keep <name>`,
          );
        taken.set(`${value}`, member);
      }
    }
  };
  check('member', network.members);
  check('released member', network.released);
  return problems;
}

function diskProblems({ dataDisks }: LockContents): string[] {
  return Object.entries(dataDisks).flatMap(([key, disk]) => [
    ...(key === `${disk.machine}/${disk.disk}`
      ? []
      : [`data disk '${key}' says it is disk '${disk.disk}' of '${disk.machine}'; undo the edit by hand`]),
    ...(Number.isSafeInteger(disk.size) && disk.size > 0
      ? []
      : [
          `data disk '${key}' has size ${String(disk.size)}, which is no number of bytes; undo the edit by hand`,
        ]),
  ]);
}

function imageProblems({ images }: LockContents): string[] {
  const problems: string[] = [];
  for (const [key, pin] of Object.entries(images)) {
    if (typeof pin.version !== 'string') problems.push(`image '${key}' has no version; ${FIX}`);
    attempt(() => Digest.of(String(pin.digest)), `image '${key}'`, problems);
  }
  return problems;
}

function certificateProblems({ certificates, clusters }: LockContents): string[] {
  return [
    ...Object.entries(certificates)
      .filter(([, { issued }]) => !/^\d{4}-\d\d-\d\d$/.test(issued) || Number.isNaN(Date.parse(issued)))
      .map(([key, { issued }]) => `certificate '${key}' was issued on '${issued}', which is no day; ${FIX}`),
    ...Object.entries(clusters)
      .filter(([, { servers }]) => !Number.isInteger(servers) || servers < 1)
      .map(([key, { servers }]) => `cluster '${key}' was begun with ${servers} servers; ${FIX}`),
  ];
}

/** Two machines that were one would have one host key. */
function identityProblems({ machines }: LockContents): string[] {
  const owners = new Map<string, string>();
  return Object.entries(machines).flatMap(([name, { identity }]) => {
    if (identity === undefined) return [];
    const other = owners.get(identity);
    owners.set(identity, name);
    return other === undefined
      ? []
      : [`machines '${other}' and '${name}' both say that they were '${identity}'; ${FIX}`];
  });
}

function attempt<T>(read: () => T, who: string, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    problems.push(`${who}: ${error.message}; ${FIX}`);
    return undefined;
  }
}
