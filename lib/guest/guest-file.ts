/** A file that is there before the machine's services start, written at its first boot. */
export interface GuestFile {
  /** Absolute path without `.`, `..` and double slashes. Missing directories are made (0755, root). */
  readonly path: string;
  /** Text, written as it is (`${…}` means nothing here), or bytes. */
  readonly content: string | Buffer;
  /** Permission bits as an octal number. @default 0o644 */
  readonly mode?: number;
  /** User, or user and group between a colon. @default 'root:root' */
  readonly owner?: string;
}

/** Mode of a file that does not say one. */
export const DEFAULT_FILE_MODE = 0o644;
export const DEFAULT_FILE_OWNER = 'root:root';

/** What is wrong with a file, each as the end of a sentence. */
export function fileProblems(file: GuestFile): string[] {
  const problems = pathProblems(file.path);
  const mode = file.mode ?? DEFAULT_FILE_MODE;
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    problems.push(
      `has the mode ${mode}, which is no number from 0o000 to 0o777; write it in octal, for example 0o${/^[0-7]{3}$/.test(`${mode}`) ? mode : 644}`,
    );
  }
  if (!/^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/.test(file.owner ?? DEFAULT_FILE_OWNER)) {
    problems.push(
      `has the owner '${file.owner}', which is neither a user nor 'user:group'; write for example 'root:adm'`,
    );
  }
  return problems;
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
