import { localShell, shellWord, sshShell } from '../../hosts/host-shell';

describe('a shell on a host', () => {
  it.each([
    ['root@kvm1', 'root@kvm1'],
    ['kvm1.example.org', 'kvm1.example.org'],
    ['ssh://root@10.0.0.3:2222', 'root@10.0.0.3'],
    ['qemu+ssh://root@[fd00::3]/system?keyfile=/k&knownhosts=/h', 'root@fd00::3'],
  ])('understands %s', (target, shown) => {
    expect(sshShell(target).target).toBe(shown);
  });

  it.each([
    ['qemu:///system?socket=/run/x', 'is not reached by SSH; run the command on that host with --local'],
    ['qemu+tls://host/system', 'is not reached by SSH'],
    ['qemu+ssh://host/system?no_verify=1', 'switches the check of its host key off'],
    ['qemu+ssh://host/system?known_hosts_verify=ignore', 'switches the check of its host key off'],
    ['-oProxyCommand=x', 'must be user@host'],
    ['a b', 'must be user@host'],
    ['', 'must be user@host'],
  ])('refuses %p', (target, message) => {
    expect(() => sshShell(target)).toThrow(message);
  });

  it('tells with what words a script failed', async () => {
    await expect(localShell().run('echo "no such thing" >&2; exit 3')).rejects.toThrow(
      /exit code 3\nno such thing/,
    );
  });

  it('quotes what a shell would take apart', () => {
    expect(["it's", 'a b', '$x', 'br0', ''].map(shellWord)).toEqual([
      "'it'\\''s'",
      "'a b'",
      "'$x'",
      'br0',
      "''",
    ]);
  });
});
