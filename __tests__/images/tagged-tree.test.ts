import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taggedTree } from '../../images/release/tagged-tree';

/** A repository with one commit, and nothing of the user's git configuration. */
function repository(): { directory: string; git: (...args: string[]) => void; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cloudless-tree-'));
  const key = join(mkdtempSync(join(tmpdir(), 'cloudless-key-')), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=R', '-c', 'user.email=r@example.org', '-c', 'gpg.format=ssh'];
    execFileSync('git', ['-C', directory, ...identity, '-c', `user.signingkey=${key}`, ...args], {
      stdio: 'pipe',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_COMMITTER_DATE: '2026-11-02T03:04:05+01:00',
      },
    });
  };
  git('init', '-q');
  mkdirSync(join(directory, 'images'));
  writeFileSync(join(directory, 'images/debian-12.ts'), '');
  git('add', '.');
  git('commit', '-qm', 'an image');
  return { directory, git, key };
}
const check = (directory: string, version = '1.4.0'): ReturnType<typeof taggedTree> =>
  taggedTree('debian-12', version, directory);

describe('the tree that a release is made from', () => {
  test('is a clean one with the tag of the version, and gives commit and time', async () => {
    const { directory, git } = repository();
    git('tag', 'debian-12-v1.4.0');

    expect(await check(directory)).toMatchObject({
      tag: 'debian-12-v1.4.0',
      commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      builtAt: '2026-11-02T02:04:05Z',
    });
  });

  test.each([
    ['changed', 'images/debian-12.ts'],
    ['added', 'images/other.ts'],
  ])('is refused when a file was %s after the tag', async (_, file) => {
    const { directory, git } = repository();
    git('tag', 'debian-12-v1.4.0');
    writeFileSync(join(directory, file), 'something else');

    await expect(check(directory)).rejects.toThrow(`the tree is not what tag debian-12-v1.4.0 says: `);
  });

  test('is refused without the tag, with that of another version, and outside of git', async () => {
    const { directory, git } = repository();
    git('tag', 'other-v1.4.0');
    await expect(check(directory)).rejects.toThrow('this commit has no tag debian-12-v1.4.0');
    git('tag', 'debian-12-v1.3.0');
    await expect(check(directory)).rejects.toThrow(
      'this commit has the tag debian-12-v1.3.0, but the definition says version 1.4.0',
    );
    await expect(check(mkdtempSync(join(tmpdir(), 'cloudless-none-')))).rejects.toThrow(
      'is no git working tree',
    );
  });

  test('must have a tag that is signed by an allowed key, where keys are named', async () => {
    const { directory, git, key } = repository();
    const line = (file: string): string => `r@example.org ${readFileSync(`${file}.pub`, 'utf8')}`;
    writeFileSync(join(directory, 'images/allowed_signers'), line(key));
    git('add', '.');
    git('commit', '-qm', 'signers');
    git('tag', 'debian-12-v1.4.0');
    await expect(check(directory)).rejects.toThrow('tag debian-12-v1.4.0 is not signed by a key in');

    git('tag', '-d', 'debian-12-v1.4.0');
    git('tag', '-sm', 'release', 'debian-12-v1.4.0');
    expect((await check(directory)).allowedSigners).toBe(join(directory, 'images/allowed_signers'));

    const stranger = repository().key;
    git('tag', '-d', 'debian-12-v1.4.0');
    git('-c', `user.signingkey=${stranger}`, 'tag', '-sm', 'release', 'debian-12-v1.4.0');
    await expect(check(directory)).rejects.toThrow('is not signed by a key in');
  });
});
