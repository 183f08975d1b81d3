import type { SshPublicKey } from '../core/ssh-key';

/** What a user may do as root through sudo(8). */
export enum Sudo {
  NONE = 'none',
  /** Any command without a password: for administrators, who prove themselves by their SSH key. */
  PASSWORDLESS = 'passwordless',
}

/** What an account is for. */
export enum UserKind {
  /** A person, or a program that logs in: a home directory and a shell. */
  LOGIN = 'login',
  /** What a service runs as: nobody logs in, and nothing is made but the account and its group. */
  SERVICE = 'service',
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
  /** Path of the login shell. @default '/bin/bash', for a service '/usr/sbin/nologin' */
  readonly shell?: string;
  /** @default UserKind.LOGIN */
  readonly kind?: UserKind;
  /**
   * Number of the user and of its group, 100 to 59999. Give one to a service with files on a data disk: the disk outlives
   * the machine, and the next one must mean the same user by the number.
   * @default - the next one that is free
   */
  readonly id?: number;
  /** Home directory. @default - `/home/<name>`, for a service `/nonexistent` */
  readonly home?: string;
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
  if (user.id !== undefined && !(Number.isInteger(user.id) && user.id >= 100 && user.id <= 59999))
    problems.push(`has the number ${user.id}, which is no whole number from 100 to 59999; leave it out`);
  if (user.home !== undefined && !/^\/[A-Za-z0-9._/-]+$/.test(user.home))
    problems.push(`has the home directory '${user.home}', which is no absolute path; leave it out`);
  if (
    user.kind === UserKind.SERVICE &&
    ((user.sshAuthorizedKeys ?? []).length > 0 || user.sudo === Sudo.PASSWORDLESS)
  )
    problems.push(`is of a service and has SSH keys or sudo; make it UserKind.LOGIN, or remove them`);
  return problems;
}

export function shellOf(user: GuestUser): string {
  return user.shell ?? (user.kind === UserKind.SERVICE ? '/usr/sbin/nologin' : '/bin/bash');
}

export function homeOf(user: GuestUser): string {
  return user.home ?? (user.kind === UserKind.SERVICE ? '/nonexistent' : `/home/${user.name}`);
}
