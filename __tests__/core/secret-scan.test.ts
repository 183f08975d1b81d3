import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findSecrets } from '../../lib/core/secret-scan';
import { SshKeyPair } from '../../lib';
import { TestSite } from '../support/site';

const { privateKey, publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 7), 'x');

it.each([
  ['a private key', privateKey],
  ['a private key', Buffer.from(privateKey).toString('base64')],
  ['a password hash', 'root:$y$j9T$abcdefgh$ijklmnop:19000'],
  ['a URL with a password', 'postgres://user:pass@db/state'],
  ['an age identity', `AGE-SECRET-KEY-1${'Q'.repeat(58)}`],
])('finds %s and says where', (what, text) => {
  expect(findSecrets({ resource: { thing: [{ text }] } })).toEqual([`resource.thing.0.text holds ${what}`]);
});

it.each([
  `${publicKey}`,
  'http://127.0.0.1:8081',
  'costs $5, or $6 $7',
  '${libvirt_volume.x.id}',
  'a'.repeat(64),
])('lets %s pass', (text) => {
  expect(findSecrets({ text })).toEqual([]);
});

it('stops the synth of a stack with a secret, and leaves no JSON behind', () => {
  const site = new TestSite();
  site.base.addOverride('locals.key', privateKey);
  expect(() => site.synth()).toThrow(
    'test-base: locals.key holds a private key, which would be readable in plans and states',
  );
  expect(existsSync(join(site.folder('base'), 'cdk.tf.json'))).toBe(false);
});
