import { RemoteSource, SecretContent, type FileContent } from './file-content';
import {
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  DEFAULT_SECRET_MODE,
  modeBits,
  modeProblems,
  type FileMode,
} from './file-mode';

/** A file that is there before the machine's services start, written at its first boot. */
export interface GuestFile {
  /** Absolute path without `.`, `..` and double slashes. Missing directories are made (0755, root). */
  readonly path: string;
  /** Text or bytes, `SecretContent.of(…)`, or `RemoteSource.of(…)`. */
  readonly content: FileContent;
  /** @default '0644', for a secret '0600' */
  readonly mode?: FileMode;
  /** User, or user and group between a colon. @default 'root:root' */
  readonly owner?: string;
}

/** A directory that is there before the machine's services start; on a data disk, once that is mounted. */
export interface GuestDirectory {
  /** Absolute path without `.`, `..` and double slashes. Missing directories above it are made (0755, root). */
  readonly path: string;
  /** @default '0755' */
  readonly mode?: FileMode;
  /** User, or user and group between a colon. @default 'root:root' */
  readonly owner?: string;
}

/** A symbolic link. */
export interface GuestLink {
  /** Absolute path of the link itself; what is there is replaced, unless it is a directory. */
  readonly path: string;
  /** What it points to: absolute, or relative to the link's directory. It need not exist. */
  readonly target: string;
}

export const DEFAULT_OWNER = 'root:root';

/** Mode of a file: the one given, or what fits its content. */
export function fileMode(file: GuestFile): FileMode {
  return file.mode ?? (file.content instanceof SecretContent ? DEFAULT_SECRET_MODE : DEFAULT_FILE_MODE);
}

export function directoryMode(directory: GuestDirectory): FileMode {
  return directory.mode ?? DEFAULT_DIRECTORY_MODE;
}

/** User and group of `user` or `user:group`; a user alone has a group of the same name. */
export function ownerParts(owner = DEFAULT_OWNER): { user: string; group: string } {
  const [user = 'root', group = user] = owner.split(':');
  return { user, group };
}

/** What is wrong with a file, each as the end of a sentence. */
export function fileProblems(file: GuestFile): string[] {
  const mode = fileMode(file);
  const problems = [...pathProblems(file.path), ...modeProblems(mode), ...ownerProblems(file.owner)];
  if (modeProblems(mode).length > 0 || file.content instanceof RemoteSource) return problems;
  if (file.content instanceof SecretContent) {
    if ((modeBits(mode) & 0o007) !== 0)
      problems.push(
        `holds a secret and has the mode '${mode}', which everybody may read; use '0600' or '0640'`,
      );
  } else if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(textOf(file.content))) {
    problems.push(`holds a private key in plain content; give it as SecretContent.of(…)`);
  }
  return problems;
}

export function directoryProblems(directory: GuestDirectory): string[] {
  return [
    ...pathProblems(directory.path),
    ...modeProblems(directoryMode(directory)),
    ...ownerProblems(directory.owner),
  ];
}

export function linkProblems(link: GuestLink): string[] {
  const problems = pathProblems(link.path);
  if (link.target === '' || /[\u0000-\u001f\u007f]/.test(link.target))
    problems.push(`has the target '${link.target}', which is no path; give the path it points to`);
  return problems;
}

function ownerProblems(owner = DEFAULT_OWNER): string[] {
  return /^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/.test(owner)
    ? []
    : [`has the owner '${owner}', which is neither a user nor 'user:group'; write for example 'root:adm'`];
}

/** What is wrong with an absolute path, each as the end of a sentence. */
export function pathProblems(path: string): string[] {
  if (!path.startsWith('/')) return [`is not absolute; begin it with '/'`];
  if (/[\u0000-\u001f\u007f]/.test(path)) return ['has a control character; remove it'];
  const segments = path.slice(1).split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment))) {
    return [`has an empty, '.' or '..' part, or a slash at its end; write the path without`];
  }
  return [];
}

function textOf(content: string | Buffer): string {
  return typeof content === 'string' ? content : content.toString('latin1');
}
