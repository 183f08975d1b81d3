import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';

/** The commit that a release is made from. */
export interface TaggedTree {
  /** `NAME-vX.Y.Z`. */
  readonly tag: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Time of the commit, ISO 8601 in UTC. */
  readonly builtAt: string;
  /** File of the keys that the tag's signature was checked with; undefined when none is configured. */
  readonly allowedSigners?: string;
}

/**
 * Makes sure that a tree is what a tag says: nothing changed, nothing added, the tag on this commit and, where keys
 * are configured, signed by one of them (git-tag(1), `gpg.ssh.allowedSignersFile` or `images/allowed_signers`).
 *
 * @param directory of the working tree
 * @throws OperationError in words
 */
export async function taggedTree(imageName: string, version: string, directory: string): Promise<TaggedTree> {
  const git = async (args: readonly string[], okCodes: readonly number[] = [0]): Promise<string> =>
    (
      await run('git', ['-C', directory, ...args], { okCodes, env: { ...process.env, LC_ALL: 'C' } })
    ).stdout.trim();
  const tag = `${imageName}-v${version}`;
  const top = await git(['rev-parse', '--show-toplevel']).catch(() => {
    throw new OperationError(
      `${directory} is no git working tree, and a release is made from a tag`,
      'clone the repository and check the tag out',
    );
  });
  const changed = await git(['status', '--porcelain']);
  if (changed !== '')
    throw new OperationError(
      `the tree is not what tag ${tag} says: ${changed.split('\n').slice(0, 5).join(', ')}`,
      'commit or remove what is changed, and tag the result; what is not tagged is built with: cloudless image build',
    );
  const tags = (await git(['tag', '--points-at', 'HEAD'])).split('\n').filter(Boolean);
  if (!tags.includes(tag)) {
    const others = tags.filter((each) => each.startsWith(`${imageName}-v`));
    throw new OperationError(
      others.length > 0
        ? `this commit has the tag ${others.join(', ')}, but the definition says version ${version}`
        : `this commit has no tag ${tag}`,
      `set 'version' in images/${imageName}.ts and tag the commit with it: git tag -s ${tag}`,
    );
  }
  const configured = await git(['config', '--type=path', 'gpg.ssh.allowedSignersFile'], [0, 1]);
  const beside = join(top, 'images/allowed_signers');
  const allowedSigners = configured || (existsSync(beside) ? beside : undefined);
  if (allowedSigners !== undefined)
    await git([
      ...['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${allowedSigners}`],
      ...['verify-tag', tag],
    ]).catch((error: unknown) => {
      const said =
        String((error as Error).message)
          .split('\n')
          .at(-1) ?? '';
      throw new OperationError(
        `tag ${tag} is not signed by a key in ${allowedSigners} (${said})`,
        `sign it with such a key: git -c gpg.format=ssh tag -s ${tag}`,
      );
    });
  const commit = await git(['rev-parse', 'HEAD']);
  const seconds = Number(await git(['show', '-s', '--format=%ct', 'HEAD']));
  const builtAt = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  return { tag, commit, builtAt, allowedSigners };
}
