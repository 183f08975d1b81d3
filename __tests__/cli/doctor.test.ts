import { findingLine, findVersion, isAtLeast } from '../../cli/doctor';

describe('doctor', () => {
  it('finds the version in what programs say', () => {
    expect(findVersion('Terraform v1.11.4\non linux_amd64')).toBe('1.11.4');
    expect(findVersion('OpenSSH_9.2p1 Debian-2')).toBe('9.2p1');
    expect(findVersion('libvirtd (libvirt) 9.0.0')).toBe('9.0.0');
    expect(findVersion('nothing')).toBeUndefined();
  });

  it('compares versions number by number', () => {
    expect(isAtLeast('20.20.2', '20.9')).toBe(true);
    expect(isAtLeast('20.8.1', '20.9')).toBe(false);
    expect(isAtLeast('1.5', '1.5')).toBe(true);
    expect(isAtLeast('2', '1.5')).toBe(true);
    expect(isAtLeast('1', '1.5')).toBe(false);
  });

  it('marks what is missing', () => {
    expect(findingLine({ level: 'missing', what: 'virsh', detail: 'not found; run: make setup' })).toMatch(
      /^✗ virsh {2,}not found; run: make setup$/,
    );
  });
});
