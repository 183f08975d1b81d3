import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { parse } from 'yaml';
import { Fqdn } from '../../lib/core/fqdn';
import { SiteKey } from '../../lib/core/site-key';
import { SecretContent } from '../../lib/guest';
import { AptSource, SaltMinion, type SaltMinionProps } from '../../modules';
import { derivedRsaKey } from '../../modules/private/derived-rsa-key';
import { FQDN } from '../guest/fixtures';
import { machineWith, openPorts, runOn, textOf } from './support/machines';

const siteKey = SiteKey.fromBytes(Buffer.alloc(32, 7));
const master = derivedRsaKey(Buffer.alloc(32, 9));
const minion = (props: Partial<SaltMinionProps> = {}) =>
  new SaltMinion({
    masters: ['salt.lab.internal'],
    masterPublicKey: master.publicKey,
    siteKey,
    ...props,
  });

describe('the key of a machine', () => {
  const key = SaltMinion.keyOf(siteKey, FQDN);

  test('is an RSA key of 2048 bits that OpenSSL finds nothing wrong with', () => {
    expect(createPublicKey(key.publicKey).asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65537n,
    });
    const signature = sign('sha256', Buffer.from('x'), createPrivateKey(key.privateKey));
    expect(verify('sha256', Buffer.from('x'), createPublicKey(key.publicKey), signature)).toBe(true);
    const { output } = runOn({ key: key.privateKey }, (directory) => [
      'openssl',
      ...['rsa', '-check', '-noout', '-in', `${directory}/key`],
    ]);
    expect(output).toContain('RSA key ok');
  });

  test('follows from site key and name: the same always, another for any other', () => {
    expect(derivedRsaKey(siteKey.derive('salt-minion', FQDN.toString()))).toEqual(key);
    expect(SaltMinion.keyOf(siteKey, Fqdn.of('web-1.lab.internal')).publicKey).not.toBe(key.publicKey);
    expect(SaltMinion.keyOf(SiteKey.fromBytes(Buffer.alloc(32, 8)), FQDN).publicKey).not.toBe(key.publicKey);
  });

  test('never changes from one version of the library to the next', () => {
    expect(createHash('sha256').update(key.publicKey).digest('hex')).toBe(
      '238f521d18fba5ac89f0f2bc7241a4a16cc181431e02992de6c7b137bdc7e9bd',
    );
  });
});

test('the minion has its key before it starts, and knows its master', () => {
  const guest = machineWith(minion({ grains: { role: 'web' }, settings: { log_level: 'info' } }));
  expect(guest.validate()).toEqual([]);
  const key = SaltMinion.keyOf(siteKey, FQDN);
  expect(textOf(guest, '/etc/salt/pki/minion/minion.pem')).toBe(key.privateKey);
  expect(guest.files.find(({ path }) => path.endsWith('minion.pem'))).toMatchObject({
    content: expect.any(SecretContent) as unknown,
    mode: '0400',
  });
  expect(textOf(guest, '/etc/salt/pki/minion/minion_master.pub')).toBe(master.publicKey);
  expect(parse(textOf(guest, '/etc/salt/minion.d/cloudless.conf'))).toEqual({
    master: 'salt.lab.internal',
    id: 'web-0.lab.internal',
    hash_type: 'sha256',
    master_finger: expect.stringMatching(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/) as unknown,
    grains: { role: 'web' },
    log_level: 'info',
  });
  expect(openPorts(guest)).toEqual([]);
});

test('comes from a repository that is trusted for its own key alone', () => {
  const signingKey = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n';
  const source = AptSource.of({
    name: 'salt',
    uri: 'https://mirror.example.org/salt',
    suite: 'stable',
    signingKey,
  });
  const guest = machineWith(minion({ source }));
  expect(textOf(guest, '/etc/apt/sources.list.d/cloudless-salt.sources')).toContain(
    'Signed-By: /etc/apt/keyrings/cloudless-salt.asc\n',
  );
  expect(() =>
    AptSource.of({ name: 'Salt', uri: 'https://u:p@x/', suite: 'a b', signingKey: 'mDME' }),
  ).toThrow(/name 'Salt'.*\n.*has a user in it.*\n.*'a b' is no suite.*\n.*no armoured OpenPGP key/);
});

test('refuses to be without master, and a key that is no public RSA key', () => {
  expect(() => minion({ masters: [], masterPublicKey: master.privateKey })).toThrow(
    /'masters' is empty.*\n.*'masterPublicKey' is no RSA public key/,
  );
  expect(() => minion({ settings: { id: 'x' } })).toThrow("'id' in 'settings' is set by the module");
});
