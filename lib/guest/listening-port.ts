import { Peers } from './peers';

/** Transport of a port. */
export enum Protocol {
  TCP = 'tcp',
  UDP = 'udp',
}

/** Ports from `first` to `last`, both included, that one thing listens on. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface ListenOptions {
  /** @default Protocol.TCP */
  readonly protocol?: Protocol;
  /** Who may reach it; the firewall refuses everybody else. */
  readonly from: Peers | readonly Peers[];
}

/** A port, or a range of them, that something in the machine listens on. */
export interface ListeningPort {
  readonly first: number;
  readonly last: number;
  readonly protocol: Protocol;
  readonly from: readonly Peers[];
  /** Module that listens, or `the machine`. */
  readonly owner: string;
}

export function listeningPort(
  port: number | PortRange,
  { protocol = Protocol.TCP, from }: ListenOptions,
  owner: string,
): ListeningPort {
  const { first, last } = typeof port === 'number' ? { first: port, last: port } : port;
  return { first, last, protocol, from: from instanceof Peers ? [from] : from, owner };
}

/** `8500/tcp` or `20000-32000/tcp`. */
export function portName({ first, last, protocol }: ListeningPort): string {
  return `${first === last ? first : `${first}-${last}`}/${protocol}`;
}

export function overlap(one: ListeningPort, other: ListeningPort): boolean {
  return one.protocol === other.protocol && one.first <= other.last && other.first <= one.last;
}

/** True when somebody else than the machine itself may reach it. */
export function isReachable({ from }: ListeningPort): boolean {
  return from.some((peers) => peers !== Peers.NOBODY);
}

/** What is wrong with it, each as the end of a sentence. */
export function listeningPortProblems(port: ListeningPort): string[] {
  const problems = [...new Set([port.first, port.last])].flatMap(portProblems);
  if (problems.length === 0 && port.first > port.last)
    problems.push(
      `is the range ${port.first} to ${port.last}, which is empty; give the smaller number first`,
    );
  if (port.from.length === 0)
    problems.push(`says nobody who may reach it; give 'from', for example Peers.POOL or Peers.NOBODY`);
  return problems;
}

/** What is wrong with a port number, as the end of a sentence. */
export function portProblems(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? []
    : [`has the port ${port}, which is no whole number from 1 to 65535; give the one the service listens on`];
}
