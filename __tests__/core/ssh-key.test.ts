import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Fqdn } from '../../lib/core/fqdn';
import { SiteKey } from '../../lib/core/site-key';
import { sshHostKey, SshKeyPair, SshPublicKey } from '../../lib/core/ssh-key';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'ssh-key-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const keygen = (...args: string[]): string => execFileSync('ssh-keygen', args, { encoding: 'utf8' }).trim();
const generate = (name: string, ...args: string[]): string => {
  keygen('-q', '-N', '', '-C', name, '-f', join(directory, name), ...args);
  return join(directory, `${name}.pub`);
};

describe('SshKeyPair', () => {
  test.each(['', 'a', 'web-0.lab.internal', 'two words'])(
    'with comment %p is read by ssh-keygen as the same key',
    (comment) => {
      const pair = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, comment.length + 1), comment);
      const path = join(directory, `pair${comment.length}`);
      writeFileSync(path, pair.privateKey, { mode: 0o600 });
      expect(keygen('-y', '-f', path)).toBe(pair.publicKey.toString());
      writeFileSync(`${path}.pub`, `${pair.publicKey}\n`);
      expect(keygen('-l', '-f', `${path}.pub`).split(' ')[1]).toBe(pair.fingerprint);
      expect(keygen('-r', 'host', '-f', `${path}.pub`)).toContain(`host IN SSHFP ${pair.sshfp}`);
    },
  );

  test('gives the public key of RFC 8032 section 7.1, test 1', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const blob = Buffer.from(SshKeyPair.ed25519FromSeed(seed, '').publicKey.keyText.split(' ')[1]!, 'base64');
    expect(blob.subarray(-32).toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  test('is the same every time, byte for byte', () => {
    const make = (): string => SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'web-0').privateKey;
    expect(make()).toBe(make());
    expect(createHash('sha256').update(make()).digest('hex').slice(0, 16)).toBe('2cb179d92b4aabfa');
  });

  test('signs what its public half verifies', () => {
    const pair = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 9), 'signer');
    const [key, message, allowed] = ['signer', 'message', 'allowed'].map((name) =>
      join(directory, `sign-${name}`),
    ) as [string, string, string];
    writeFileSync(key, pair.privateKey, { mode: 0o600 });
    writeFileSync(message, 'hello');
    writeFileSync(allowed, `me ${pair.publicKey}\n`);
    keygen('-Y', 'sign', '-n', 'test', '-f', key, message);
    const verified = execFileSync(
      'ssh-keygen',
      ['-Y', 'verify', '-f', allowed, '-I', 'me', '-n', 'test', '-s', `${message}.sig`],
      {
        input: 'hello',
        encoding: 'utf8',
      },
    );
    expect(verified).toContain('Good "test" signature');
  });

  test('does not print its private half', () => {
    const pair = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 9), 'x');
    for (const text of [
      `${pair}`,
      JSON.stringify({ pair }),
      inspect({ pair }, { depth: 9, showHidden: true }),
    ]) {
      expect(text).not.toContain('PRIVATE');
    }
  });

  test('refuses a seed of another length and a comment of two lines', () => {
    expect(() => SshKeyPair.ed25519FromSeed(Buffer.alloc(31), '')).toThrow('a seed of 31 bytes was given');
    expect(() => SshKeyPair.ed25519FromSeed(Buffer.alloc(32), 'a\nb')).toThrow('has several lines');
  });
});

test('a host key belongs to site, environment and name', () => {
  const [site, other] = [7, 8].map((byte) => SiteKey.fromBytes(Buffer.alloc(32, byte))) as [SiteKey, SiteKey];
  const [web0, web1] = [Fqdn.of('web-0.lab.internal'), Fqdn.of('web-1.lab.internal')];
  const keys = [
    sshHostKey(site, 'lab', web0),
    sshHostKey(other, 'lab', web0),
    sshHostKey(site, 'prod', web0),
    sshHostKey(site, 'lab', web1),
  ];
  expect(new Set(keys.map((key) => key.fingerprint)).size).toBe(4);
  expect(sshHostKey(site, 'lab', Fqdn.of('WEB-0.lab.internal.')).fingerprint).toBe(keys[0]!.fingerprint);
  expect(keys[0]!.publicKey.comment).toBe('web-0.lab.internal');
});

describe('SshPublicKey', () => {
  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['rsa3072', ['-t', 'rsa', '-b', '3072']],
    ['ecdsa', ['-t', 'ecdsa', '-b', '384']],
  ])('accepts a key of ssh-keygen: %s', (name, args) => {
    const path = generate(name, ...args);
    const key = SshPublicKey.fromFile(path);
    expect(key.fingerprint).toBe(keygen('-l', '-f', path).split(' ')[1]);
    expect(key.comment).toBe(name);
    expect(SshPublicKey.of(`${key}`).equals(key)).toBe(true);
  });

  test('refuses a short RSA key', () => {
    expect(() => SshPublicKey.fromFile(generate('rsa2048', '-t', 'rsa', '-b', '2048'))).toThrow(
      'has 2048 bits, RSA needs 3072',
    );
  });

  test('refuses a private key without repeating it', () => {
    const secret = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 9), 'x').privateKey;
    expect(() => SshPublicKey.of(secret)).toThrow(
      /^a private key was given where a public key belongs; give the line of the '.pub' file$/,
    );
  });

  const line = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 9), 'me').publicKey.toString();
  test.each([
    ['options before the key', `from="10.0.0.0/8" ${line}`, 'must begin with one of'],
    ['a cut key', line.slice(0, 50), 'is not whole'],
    [
      'a key that says another type',
      line.replace('ssh-ed25519 ', 'ssh-rsa '),
      "says ssh-rsa but holds a key of type 'ssh-ed25519'",
    ],
    ['two keys', `${line}\n${line}`, 'has several lines'],
    ['a DSA key', 'ssh-dss AAAAB3NzaC1kc3M=', 'is a DSA key'],
    ['nothing', '', 'must begin with one of'],
  ])('refuses %s', (_, text, message) => {
    expect(() => SshPublicKey.of(text)).toThrow(message);
  });

  test('tells that its file is missing', () => {
    expect(() => SshPublicKey.fromFile(join(directory, 'none.pub'))).toThrow(/none.pub' cannot be read/);
  });
});
