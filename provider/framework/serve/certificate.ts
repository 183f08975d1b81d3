import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** The certificate itself (X.509 in DER). */
  readonly der: Buffer;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/**
 * Makes the certificate of one run: self-signed, ECDSA P-256, for `localhost`, both ends of a connection,
 * valid for 30 days, as go-plugin expects. Written as DER by hand (RFC 5280, X.690): a library for it would
 * cost 45 ms at each start of the plugin, four times per apply.
 */
export function makeCertificate(now: Date = new Date()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  const name = sequence(
    set(sequence(objectIdentifier('2.5.4.3'), element(UTF8_STRING, Buffer.from('localhost')))),
  );
  const minute = 60_000;
  const body = sequence(
    element(CONTEXT_0, element(INTEGER, Buffer.from([2]))), // version 3
    element(INTEGER, positiveRandom()),
    ecdsaWithSha256,
    name,
    sequence(time(new Date(now.getTime() - minute)), time(new Date(now.getTime() + 30 * 24 * 60 * minute))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(
      CONTEXT_3,
      sequence(
        extension('2.5.29.19', true, sequence(element(BOOLEAN, Buffer.from([0xff])))), // basic constraints: CA
        // key usage: digital signature, key encipherment, key agreement, certificate signing
        extension('2.5.29.15', true, element(BIT_STRING, Buffer.from([0x02, 0b10101100]))),
        // extended key usage: server and client
        extension(
          '2.5.29.37',
          false,
          sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2')),
        ),
        extension('2.5.29.17', false, sequence(element(DNS_NAME, Buffer.from('localhost')))),
      ),
    ),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]);
  const der = sequence(body, ecdsaWithSha256, element(BIT_STRING, signature));
  return {
    der,
    certificatePem: pem('CERTIFICATE', der),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

// Tags of DER.
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT_0 = 0xa0;
const CONTEXT_3 = 0xa3;
const DNS_NAME = 0x82;

function element(tag: number, ...content: Buffer[]): Buffer {
  const value = Buffer.concat(content);
  const size: number[] = [];
  for (let rest = value.length; rest > 0; rest >>= 8) size.unshift(rest & 0xff);
  const length = value.length < 128 ? [value.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const sequence = (...content: Buffer[]) => element(SEQUENCE, ...content);
const set = (...content: Buffer[]) => element(SET, ...content);

function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] =>
    value < 128 ? [value] : [...base128(Math.floor(value / 128)).map((byte) => byte | 0x80), value % 128];
  return element(OBJECT_IDENTIFIER, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** YYYYMMDDHHMMSSZ */
function time(date: Date): Buffer {
  return element(GENERALIZED_TIME, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [element(BOOLEAN, Buffer.from([0xff]))] : [];
  return sequence(objectIdentifier(id), ...flag, element(OCTET_STRING, value));
}

/** A serial number: 16 octets, positive and without leading zeros. */
function positiveRandom(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
