import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LibvirtUri, PinnedHostKeys, SshKeyPair, type SshConnection } from '../../lib';
import { temporaryDirectory } from '../support/site';

const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 7), 'kvm1');
const keys = PinnedHostKeys.of(publicKey);
const ssh = (connection: Partial<SshConnection> = {}) =>
  LibvirtUri.ssh({ host: 'kvm1.example.org', user: 'root', knownHosts: keys, ...connection });

describe('a libvirt URI', () => {
  it('is the local daemon, or one behind a socket', () => {
    expect(`${LibvirtUri.local()}`).toBe('qemu:///system');
    expect(`${LibvirtUri.socket('/run/x/libvirt-sock')}`).toBe('qemu:///system?socket=/run/x/libvirt-sock');
    expect(() => LibvirtUri.socket('run/x')).toThrow('is no absolute path');
  });

  it('says how SSH authenticates, and always where the known host keys are', () => {
    expect(ssh({ key: '~/.ssh/id_ed25519' }).withKnownHosts('assets/known_hosts-kvm1')).toBe(
      'qemu+ssh://root@kvm1.example.org/system?sshauth=privkey&keyfile=~/.ssh/id_ed25519&knownhosts=assets/known_hosts-kvm1',
    );
    expect(`${ssh({ port: 2222, socket: '/run/libvirt/libvirt-sock' })}`).toBe(
      'qemu+ssh://root@kvm1.example.org:2222/system?sshauth=agent&socket=/run/libvirt/libvirt-sock',
    );
    expect(`${ssh({ host: 'fd00::1' })}`).toBe('qemu+ssh://root@[fd00::1]/system?sshauth=agent');
  });

  it('writes a path relative to the project relative to where Terraform runs', () => {
    expect(`${ssh({ key: 'keys/operator' })}`).toContain('keyfile=../../../keys/operator');
    expect(`${ssh({ key: '/etc/keys/operator' })}`).toContain('keyfile=/etc/keys/operator');
  });

  it('takes TLS with certificates in a directory', () => {
    expect(`${LibvirtUri.tls({ host: 'kvm1.example.org' })}`).toBe('qemu://kvm1.example.org/system');
    expect(`${LibvirtUri.tls({ host: 'kvm1', port: 16515, pkiPath: '~/pki' })}`).toBe(
      'qemu://kvm1:16515/system?pkipath=%24HOME/pki',
    );
    expect(() => LibvirtUri.tls({ host: 'fd00::1' })).toThrow('takes no IPv6 address with TLS');
  });

  it('lists everything that is wrong at once', () => {
    const connection = { host: 'kvm 1', user: 'ro ot', port: 0, key: 'a b', jump: 'bastion', socket: 'x' };
    expect(() => ssh(connection)).toThrow(
      /host 'kvm 1'[^]*port 0[^]*user 'ro ot'[^]*ProxyJump bastion[^]*key 'a b'[^]*libvirt socket 'x'/,
    );
  });

  it('refuses whatever switches verification off', () => {
    for (const parameter of ['no_verify=1', 'no_tty=1', 'known_hosts_verify=ignore'])
      expect(() => LibvirtUri.fromUri(`qemu+ssh://root@kvm1/system?${parameter}`)).toThrow(
        'lets anybody pose as the hypervisor',
      );
    expect(() => LibvirtUri.fromUri('qemu+ssh://root@kvm1/system')).toThrow("has no 'knownhosts'");
    expect(() => LibvirtUri.fromUri('qemu+tcp://kvm1/system')).toThrow('is not supported');
    expect(() => LibvirtUri.fromUri('qemu://kvm1/system?surprise=1')).toThrow("has 'surprise'");
  });

  it('reads what libvirt writes', () => {
    const file = join(temporaryDirectory(), 'known_hosts');
    writeFileSync(file, `kvm1.example.org ${publicKey.keyText}\n`);
    const text = 'qemu+ssh://root@kvm1.example.org/system?sshauth=privkey&keyfile=/k';
    expect(`${LibvirtUri.fromUri(`${text}&knownhosts=${file}`)}`).toBe(text);
    for (const uri of ['qemu:///system', 'qemu:///system?socket=/run/s', 'qemu://kvm1/system'])
      expect(`${LibvirtUri.fromUri(uri)}`).toBe(uri);
  });
});

describe('pinned host keys', () => {
  const file = (content: string) => {
    const path = join(temporaryDirectory(), 'known_hosts');
    writeFileSync(path, content);
    return path;
  };

  it('are written for the host and its port', () => {
    expect(keys.render('kvm1', 22)).toBe(`kvm1 ${publicKey.keyText}\n`);
    expect(keys.render('kvm1', 2222)).toBe(`[kvm1]:2222 ${publicKey.keyText}\n`);
  });

  it('are found by name, by pattern and by hash, as ssh-keygen writes them', () => {
    for (const name of ['kvm1,10.0.0.1', '*.example.org,kvm?', 'kvm1']) {
      const path = file(`# a comment\n${name} ${publicKey.keyText}\n`);
      expect(PinnedHostKeys.fromFile(path).render('kvm1', 22)).toBe(`${name} ${publicKey.keyText}\n`);
    }
    const hashed = file(`kvm1 ${publicKey.keyText}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' });
    expect(PinnedHostKeys.fromFile(hashed).render('kvm1', 22)).toMatch(/^\|1\|/);
    expect(() => PinnedHostKeys.fromFile(hashed).render('kvm2', 22)).toThrow("has no key of 'kvm2'");
  });

  it('fail when there are none, or none of the host', () => {
    expect(() => PinnedHostKeys.of()).toThrow('no host key was given');
    expect(() => PinnedHostKeys.fromFile('/nowhere/known_hosts')).toThrow('cannot be read (ENOENT)');
    expect(() => PinnedHostKeys.fromFile(file('# nothing\n'))).toThrow('holds no key');
    expect(() => PinnedHostKeys.fromFile(file(`!kvm1,* ${publicKey.keyText}\n`)).render('kvm1', 22)).toThrow(
      "has no key of 'kvm1'",
    );
    expect(() =>
      PinnedHostKeys.fromFile(file(`@revoked kvm1 ${publicKey.keyText}\n`)).render('kvm1', 22),
    ).toThrow("has no key of 'kvm1'");
  });
});
