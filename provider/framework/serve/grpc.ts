/**
 * gRPC over HTTP/2 (grpc.io, "gRPC over HTTP2"), as far as a plugin needs it: procedures with one request and one
 * answer, deadlines, and streams that stay open and empty. `node:http2` does the rest: a library for all of gRPC
 * costs a plugin half of its time (benchmarks/powerdns.mjs).
 */
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { createSecureServer, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { log } from '../log';
import type { Certificate } from './certificate';

/** As much as Terraform takes itself, in octets. */
export const LONGEST_MESSAGE = 256 * 1024 * 1024;
/** Octets of a connection that may be under way: a state is sent without waiting for leave in between. */
const WINDOW = 4 * 1024 * 1024;
/** Before each message: whether it is compressed, and its length. */
const PREFIX = 5;

/** The codes of gRPC that a plugin answers with. */
export const Status = {
  OK: 0,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const;
type StatusCode = (typeof Status)[keyof typeof Status];

/** A call that is answered with a status instead of a message. */
class Refusal extends Error {
  constructor(
    readonly status: StatusCode,
    message: string,
  ) {
    super(message);
  }
}

/** One procedure: octets of a message in, octets of a message out. What it throws is answered as INTERNAL. */
export type Procedure = (request: Buffer) => Promise<Buffer>;
/** A stream that carries nothing: it stays open until the client ends it, or is answered as soon as the client does. */
export type EmptyStream = 'stays open' | 'ends with the client';

/** Procedures by their path, for example `/tfplugin6.Provider/ReadResource`. */
export type Procedures = Readonly<Record<string, Procedure | EmptyStream>>;

/** A server that listens. */
export interface GrpcServer {
  /** The port, for an address that has one. */
  readonly port?: number;
  /** Tells all clients that nothing new is taken. What is under way goes on. */
  leave(): void;
  /** Ends everything at once. */
  close(): void;
}

export interface ListenOptions {
  readonly procedures: Procedures;
  /** `unix:///path`, or `127.0.0.1:0` for any port. */
  readonly address: string;
  /** Our certificate, and the one that the client has to show. @default - no TLS */
  readonly mutualTls?: { readonly own: Certificate; readonly clientPem: string };
}

/** Starts a server. @throws Error when the address cannot be listened at */
export async function listen({ procedures, address, mutualTls }: ListenOptions): Promise<GrpcServer> {
  const settings = { initialWindowSize: WINDOW };
  const server = mutualTls
    ? createSecureServer({
        settings,
        cert: mutualTls.own.certificatePem,
        key: mutualTls.own.privateKeyPem,
        ca: mutualTls.clientPem,
        requestCert: true,
        rejectUnauthorized: true,
      })
    : createServer({ settings });
  const sessions = new Set<Http2Session>();
  server.on('session', (session: Http2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setLocalWindowSize(WINDOW);
  });
  server.on('sessionError', (error: Error) => log('debug', `connection: ${error.message}`));
  server.on('stream', (stream, headers) => {
    // A client that goes away in the middle has no use for an answer.
    stream.on('error', (error) => log('debug', `call: ${error.message}`));
    const procedure = procedures[String(headers[':path'])];
    if (headers[':method'] !== 'POST' || !headers['content-type']?.startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true });
    } else if (procedure === undefined) {
      refuse(stream, Status.UNIMPLEMENTED, `there is no ${String(headers[':path'])}`);
    } else if (typeof procedure === 'string') {
      stream.resume();
      if (procedure === 'ends with the client') stream.on('end', () => refuse(stream, Status.OK, ''));
    } else {
      answer(stream, procedure, headers['grpc-timeout']);
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const [host, port] = address.split(':');
    if (address.startsWith('unix://')) server.listen(address.slice('unix://'.length), resolve);
    else server.listen(Number(port), host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' ? (bound as AddressInfo).port : undefined,
    leave() {
      for (const session of sessions) session.goaway();
    },
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

/** Reads the request, calls the procedure, and answers, unless the time is over before. */
function answer(
  stream: ServerHttp2Stream,
  procedure: Procedure,
  timeout: string | string[] | undefined,
): void {
  const limit = typeof timeout === 'string' ? timeoutMs(timeout) : undefined;
  const timer =
    limit === undefined
      ? undefined
      : setTimeout(() => refuse(stream, Status.DEADLINE_EXCEEDED, 'the time of the caller is over'), limit);
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > LONGEST_MESSAGE + PREFIX) {
      refuse(stream, Status.RESOURCE_EXHAUSTED, `the request has more than ${LONGEST_MESSAGE} octets`);
    } else chunks.push(chunk);
  });
  stream.on('end', () => {
    if (stream.headersSent) return;
    const [only] = chunks;
    respond(stream, procedure, only && chunks.length === 1 ? only : Buffer.concat(chunks), timer);
  });
  if (timer) stream.on('close', () => clearTimeout(timer));
}

function respond(stream: ServerHttp2Stream, procedure: Procedure, received: Buffer, timer?: NodeJS.Timeout) {
  const step = async () => procedure(messageOf(received));
  step()
    .then((message) => {
      if (message.length > LONGEST_MESSAGE) {
        throw new Refusal(
          Status.RESOURCE_EXHAUSTED,
          `the answer has ${message.length} octets, which is more than ${LONGEST_MESSAGE}`,
        );
      }
      clearTimeout(timer);
      if (isOver(stream)) return;
      stream.respond(ANSWER, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers(DONE));
      const framed = Buffer.allocUnsafe(PREFIX + message.length);
      framed[0] = 0;
      framed.writeUInt32BE(message.length, 1);
      message.copy(framed, PREFIX);
      stream.end(framed);
    })
    .catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      refuse(stream, error instanceof Refusal ? error.status : Status.INTERNAL, text);
    });
}

const ANSWER = { ':status': 200, 'content-type': 'application/grpc' };
const DONE = { 'grpc-status': '0' };

const isOver = (stream: ServerHttp2Stream) => stream.headersSent || stream.destroyed || stream.closed;

/** Answers with a status alone. */
function refuse(stream: ServerHttp2Stream, status: StatusCode, message: string): void {
  if (isOver(stream)) return;
  const told = message === '' ? {} : { 'grpc-message': percentEncoded(message) };
  stream.respond({ ...ANSWER, 'grpc-status': String(status), ...told }, { endStream: true });
}

/** @throws Refusal when it is not one whole message that is not compressed */
function messageOf(received: Buffer): Buffer {
  if (received.length < PREFIX || received.readUInt32BE(1) !== received.length - PREFIX) {
    throw new Refusal(Status.INTERNAL, 'the request is not one whole message');
  }
  if (received[0] !== 0) throw new Refusal(Status.UNIMPLEMENTED, 'the request is compressed');
  return received.subarray(PREFIX);
}

const UNITS: Readonly<Record<string, number>> = { H: 3.6e6, M: 6e4, S: 1e3, m: 1, u: 1e-3, n: 1e-6 };
/** What a timer of Node.js holds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reads `grpc-timeout`, for example `20S`, in milliseconds. Undefined for none, and for more than a timer can wait. */
function timeoutMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? NaN);
  return ms <= LONGEST_TIMER_MS ? ms : undefined;
}

/** The form of `grpc-message`: octets of UTF-8 other than printable ASCII, and `%`, are written as `%XX`. */
function percentEncoded(message: string): string {
  return [...Buffer.from(message, 'utf8')]
    .map((octet) =>
      octet >= 0x20 && octet <= 0x7e && octet !== 0x25
        ? String.fromCharCode(octet)
        : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}
