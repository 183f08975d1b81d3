import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  debianMirrors,
  debianSources,
  hostMirrors,
  parseDeb822Sources,
  parseOneLineSources,
} from '../../images/build/apt-sources';

const DEB822 = `# Debian
Types: deb deb-src
URIs: http://mirror.example/pub/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
Components: main
Check-Valid-Until: no

Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm
Components: main
Enabled: no
`;

describe('the Debian mirrors of the host', () => {
  test('are read from the deb822 style, without what is switched off', () => {
    const archives = parseDeb822Sources(DEB822);

    expect(archives.map(({ uri }) => uri)).toEqual([
      'http://mirror.example/pub/debian',
      'http://mirror.example/debian-security/',
    ]);
    expect(archives[0]?.components).toEqual(['main', 'contrib']);
    expect(archives[1]?.options).toEqual({ 'Check-Valid-Until': 'no' });
  });

  test('are read from the one-line style with its options', () => {
    const text = `
      # deb http://comment.example/debian bookworm main
      deb [arch=amd64 trusted=yes check-valid-until=no] file:/srv/debian bookworm main contrib # local
      deb-src http://source.example/debian bookworm main`;

    expect(parseOneLineSources(text)).toEqual([
      {
        uri: 'file:/srv/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        options: { Arch: 'amd64', Trusted: 'yes', 'Check-Valid-Until': 'no' },
      },
    ]);
  });

  test.each([
    'deb https://containers.example/linux/debian bookworm stable',
    'deb https://apt.vendor.example bookworm main',
    'deb http://apt.database.example/pub/repos/apt bookworm-pgdg main',
    'deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/debian bookworm main',
  ])('are not the archive of somebody else: %s', (line) => {
    expect(() => debianMirrors(parseOneLineSources(line))).toThrow(
      'the apt sources of this machine name no Debian archive; add one to /etc/apt/sources.list.d',
    );
  });

  test('are collected from every file of apt, and used for the suite that is asked for', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cloudless-apt-'));
    mkdirSync(join(directory, 'sources.list.d'));
    writeFileSync(join(directory, 'sources.list'), 'deb http://old.example/debian trixie main\n');
    writeFileSync(
      join(directory, 'sources.list.d/a.list.disabled'),
      'deb http://no.example/debian sid main\n',
    );
    writeFileSync(
      join(directory, 'sources.list.d/security.list'),
      'deb [trusted=yes] http://security.debian.org trixie-security main\n',
    );

    const archives = parseDeb822Sources(debianSources(hostMirrors(directory), 'bookworm'));

    expect(archives.map(({ uri, suites }) => [uri, ...suites])).toEqual([
      ['http://old.example/debian', 'bookworm', 'bookworm-updates'],
      ['http://security.debian.org', 'bookworm-security'],
    ]);
    expect(archives[1]?.options.Trusted).toBe('yes');
  });

  test('keep the options that matter for every suite', () => {
    const text = debianSources(debianMirrors(parseDeb822Sources(DEB822)), 'bookworm');

    expect(text).toContain('Check-Valid-Until: no');
    expect(text).toContain('Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg');
    expect(text).not.toContain('contrib');
  });
});
