import { decodeMulti, encode } from '@msgpack/msgpack';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConsulPort } from '../../../modules';

/** First byte of a connection to a server (consul: agent/pool/conn.go). */
const PLAIN_RPC = 0x00;
const TLS = 0x03;

export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/**
 * Calls `Status.Ping` of a server as a member does.
 *
 * @param credentials what the caller proves who it is with; undefined for no TLS at all
 * @returns 'answered', or why not
 */
export async function ping(address: string, credentials?: Credentials): Promise<string> {
  return new Promise((resolve) => {
    const plain = connectPlain(ConsulPort.RPC, address);
    const answers: Buffer[] = [];
    const settle = (text: string): void => {
      plain.destroy();
      resolve(text);
    };
    const call = (socket: Socket): void => {
      socket.on('data', (chunk: Buffer) => {
        answers.push(chunk);
        const [header] = [...decodeMulti(Buffer.concat(answers))] as { Error?: string }[];
        settle(header?.Error ? `error: ${header.Error}` : 'answered');
      });
      socket.on('error', (error) => settle(`refused: ${error.message}`));
      socket.on('close', () => settle('refused: closed'));
      socket.write(
        Buffer.concat([
          Buffer.from([PLAIN_RPC]),
          encode({ ServiceMethod: 'Status.Ping', Seq: 1 }),
          encode({}),
        ]),
      );
    };
    plain.on('error', (error) => settle(`refused: ${error.message}`));
    plain.on('connect', () => {
      if (!credentials) {
        call(plain);
        return;
      }
      plain.write(Buffer.from([TLS]));
      const secured = connectTls({ socket: plain, ...credentials, rejectUnauthorized: false });
      secured.on('error', (error) => settle(`refused: ${error.message}`));
      secured.on('secureConnect', () => call(secured));
    });
  });
}
