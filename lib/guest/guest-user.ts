import type { SshPublicKey } from '../core/ssh-key';

/** What a user may do as root through sudo(8). */
export enum Sudo {
  NONE = 'none',
  /** Any command without a password: for administrators, who prove themselves by their SSH key. */
  PASSWORDLESS = 'passwordless',
}

/** A user account. No account has a password; the way in is an SSH key. */
export interface GuestUser {
  /** Lower case letters, digits, `-` and `_`, at most 32, beginning with a letter (useradd(8)). */
  readonly name: string;
  /** Keys that may log in as this user. @default - none: nobody logs in */
  readonly sshAuthorizedKeys?: readonly SshPublicKey[];
  /** @default Sudo.NONE */
  readonly sudo?: Sudo;
  /** Further groups, which must exist in the image. @default - only the user's own */
  readonly groups?: readonly string[];
  /** Path of the login shell. @default '/bin/bash' */
  readonly shell?: string;
}

const NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** What is wrong with a user, each as the end of a sentence. */
export function userProblems(user: GuestUser): string[] {
  const problems: string[] = [];
  if (user.name === 'root') {
    problems.push(`is the superuser, who cannot log in; add another user with 'sudo: Sudo.PASSWORDLESS'`);
  } else if (!NAME.test(user.name)) {
    problems.push(
      `has a bad name: at most 32 lower case letters, digits, '-' and '_', a letter first; write for example 'admin'`,
    );
  }
  for (const group of user.groups ?? []) {
    if (!NAME.test(group))
      problems.push(`has the group '${group}', which is no group name; write for example 'adm'`);
  }
  if (user.shell !== undefined && !/^\/[A-Za-z0-9._/-]+$/.test(user.shell)) {
    problems.push(`has the shell '${user.shell}', which is no absolute path; write for example '/bin/bash'`);
  }
  return problems;
}
