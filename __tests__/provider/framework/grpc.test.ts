import { credentials, Metadata, status } from '@grpc/grpc-js';
import { Client } from '@grpc/grpc-js';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../../../provider/framework/serve/grpc';
import type { GrpcServer } from '../../../provider/framework/serve/grpc';

// The client of @grpc/grpc-js is another implementation to agree with; what it does not do is done on plain HTTP/2.

let directory: string;
let server: GrpcServer;
let client: Client;
let plain: ClientHttp2Session;
let finish: (answer: Buffer) => void;
let calls: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'grpc-'));
  const socket = join(directory, 'socket');
  calls = [];
  server = await listen({
    address: `unix://${socket}`,
    procedures: {
      '/a/Echo': async (request) => {
        calls.push('Echo');
        return request;
      },
      '/a/Fail': async () => {
        throw new Error('50 % broken — über');
      },
      '/a/Wait': () =>
        new Promise((resolve) => {
          calls.push('Wait');
          finish = resolve;
        }),
      '/a/Open': 'stays open',
      '/a/Both': 'ends with the client',
    },
  });
  client = new Client(`unix://${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  plain = connect('http://localhost', { createConnection: () => connectSocket(socket) });
});
afterEach(() => {
  client.close();
  plain.destroy();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const same = (value: Buffer) => value;
const call = (path: string, request: Buffer, options: { deadline?: number } = {}): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, request, new Metadata(), options, (error, answer) =>
      error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
    );
  });

/** Sends octets as they are; resolves to the header of the answer. */
const send = (headers: Record<string, string>, body: Buffer): Promise<IncomingHttpHeaders> =>
  new Promise((resolve, reject) => {
    const stream = plain.request({ ':method': 'POST', 'content-type': 'application/grpc', ...headers });
    stream.on('response', resolve);
    stream.on('error', reject);
    stream.resume();
    stream.end(body);
  });

test('a message comes back as it was, whether it is empty or of some megabytes', async () => {
  expect(await call('/a/Echo', Buffer.alloc(0))).toEqual(Buffer.alloc(0));
  const large = Buffer.alloc(20_000_000, 'terraform');
  expect((await call('/a/Echo', large)).equals(large)).toBe(true);
});

test('many calls at once are each answered with their own', async () => {
  const numbers = Array.from({ length: 500 }, (_, index) => Buffer.from(String(index)));
  expect(await Promise.all(numbers.map((number) => call('/a/Echo', number)))).toEqual(numbers);
});

test('a procedure that is not there is told as such, and one that throws with its words', async () => {
  await expect(call('/a/Nothing', Buffer.alloc(0))).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  await expect(call('/a/Fail', Buffer.alloc(0))).rejects.toMatchObject({
    code: status.INTERNAL,
    details: '50 % broken — über',
  });
});

test('who sets a time limit is answered when it is over, and the connection goes on', async () => {
  const answer = await send({ ':path': '/a/Wait', 'grpc-timeout': '20m' }, Buffer.alloc(5));
  expect(answer['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  finish(Buffer.from('too late'));
  expect(await call('/a/Echo', Buffer.from('x'), { deadline: Date.now() + 60_000 })).toEqual(
    Buffer.from('x'),
  );
});

test('a client that goes away while it is waited for does no harm', async () => {
  const stream = plain.request({
    ':method': 'POST',
    ':path': '/a/Wait',
    'content-type': 'application/grpc',
  });
  stream.on('error', () => undefined);
  stream.end(Buffer.alloc(5));
  while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  plain.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  finish(Buffer.from('nobody reads it'));
  expect(await call('/a/Echo', Buffer.from('x'))).toEqual(Buffer.from('x'));
});

test.each([
  ['is cut off', Buffer.from([0, 0, 0, 0, 9, 1]), status.INTERNAL],
  ['has no prefix', Buffer.alloc(0), status.INTERNAL],
  ['is two messages', Buffer.alloc(10), status.INTERNAL],
  ['is compressed', Buffer.from([1, 0, 0, 0, 1, 1]), status.UNIMPLEMENTED],
])('a request that %s is refused and calls nothing', async (_what, body, code) => {
  expect((await send({ ':path': '/a/Echo' }, body))['grpc-status']).toBe(String(code));
  expect(calls).toEqual([]);
});

test('what is not gRPC is refused as HTTP does it', async () => {
  expect((await send({ ':path': '/a/Echo', 'content-type': 'text/html' }, Buffer.alloc(5)))[':status']).toBe(
    415,
  );
});

test('a stream without content stays open, and one of both directions ends when the client ends it', async () => {
  const open = client.makeServerStreamRequest('/a/Open', same, same, Buffer.alloc(0));
  let ended = false;
  open.on('end', () => (ended = true));
  open.on('error', () => undefined);
  const both = client.makeBidiStreamRequest('/a/Both', same, same);
  both.on('data', () => undefined);
  await new Promise((resolve) => {
    both.on('status', resolve);
    both.end();
  });
  expect(ended).toBe(false);
  open.cancel();
});

test('who leaves takes nothing new and ends what is under way', async () => {
  const waiting = call('/a/Wait', Buffer.alloc(0));
  while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const told = new Promise((resolve) => plain.once('goaway', resolve));
  server.leave();
  expect(await told).toBe(0);
  finish(Buffer.from('done'));
  expect(await waiting).toEqual(Buffer.from('done'));
});
