import { ValidationError } from './errors';

/** Longest label of a domain name (RFC 1035 2.3.4). */
export const MAXIMUM_LABEL_LENGTH = 63;

/**
 * Checks the name of one machine without its domain: letters, digits and inner hyphens, at most 63, not digits alone
 * (RFC 1123 2.1).
 *
 * @returns the name in lower case
 * @throws ValidationError with every rule it breaks
 */
export function hostname(name: string): string {
  const problems = hostLabelProblems(name);
  if (problems.length === 0 && name.includes('.'))
    problems.push(`has dots; give only the part before the first dot`);
  if (problems.length === 0 && /^\d+$/.test(name)) {
    problems.push(`is all digits, which programs read as an address; add a letter, for example 'vm-${name}'`);
  }
  if (problems.length > 0)
    throw new ValidationError(
      '',
      problems.map((problem) => `hostname '${name}' ${problem}`),
    );
  return name.toLowerCase();
}

/** What is wrong with one label of a host name, each as the end of a sentence that begins with the label. */
export function hostLabelProblems(label: string): string[] {
  const problems = labelLengthProblems(label);
  const bad = /[^A-Za-z0-9.-]/u.exec(label)?.[0];
  if (bad === '_')
    problems.push(`has an underscore, host names allow letters, digits and hyphens; use '-' instead`);
  else if (bad !== undefined) {
    problems.push(`has the character '${bad}', host names allow letters, digits and hyphens; remove it`);
  }
  if (label.startsWith('-')) problems.push('begins with a hyphen; begin it with a letter or digit');
  if (label.endsWith('-')) problems.push('ends with a hyphen; end it with a letter or digit');
  return problems;
}

/** As {@link hostLabelProblems} for any label that occurs in the DNS: also `_tcp`, and `*` alone. */
export function dnsLabelProblems(label: string): string[] {
  return label === '*'
    ? []
    : hostLabelProblems(label.startsWith('_') && label.length > 1 ? label.slice(1) : label);
}

function labelLengthProblems(label: string): string[] {
  if (label === '') return [`is empty; remove the extra dot`];
  const over = label.length - MAXIMUM_LABEL_LENGTH;
  return over > 0 ? [`is ${over} over the ${MAXIMUM_LABEL_LENGTH} characters of a label; shorten it`] : [];
}

/**
 * Checks the name of a thing that hypervisors keep as a file or object: letters, digits, `.`, `_` and `-`, beginning with
 * a letter or digit.
 *
 * @param kind what it names, for the message, for example `storage pool`
 * @param maximum most characters. Default 128, so that a suffix still fits into a file name
 * @returns the name as given
 * @throws ValidationError with every rule it breaks
 */
export function resourceName(kind: string, name: string, maximum = 128): string {
  const problems: string[] = [];
  const bad = /[^A-Za-z0-9._-]/u.exec(name)?.[0];
  if (name === '') problems.push('is empty; give one');
  if (bad !== undefined) {
    problems.push(`has the character '${bad}', allowed are letters, digits, '.', '_' and '-'; remove it`);
  } else if (/^[._-]/.test(name)) {
    problems.push(`begins with '${name.charAt(0)}'; begin it with a letter or digit`);
  }
  if (name.length > maximum)
    problems.push(`is ${name.length - maximum} over ${maximum} characters; shorten it`);
  if (problems.length > 0)
    throw new ValidationError(
      '',
      problems.map((problem) => `${kind} name '${name}' ${problem}`),
    );
  return name;
}

/** Longest name of a network interface in Linux: IFNAMSIZ without its final zero (linux/if.h). */
export const MAXIMUM_INTERFACE_NAME_LENGTH = 15;

/** Names that Linux, libvirt and container programs give to interfaces of their own. */
const FOREIGN_INTERFACES = /^(?:lo|all|default|vnet\d+|virbr\d+|docker\d+|ovs-system)$/;

/**
 * Checks the name of a network interface of a host: at most 15 characters of letters, digits, `.`, `_` and `-`, and none
 * that the system gives out itself.
 *
 * @param kind what it is, for the message, for example `bridge`
 * @returns the name as given
 * @throws ValidationError with every rule it breaks
 */
export function interfaceName(kind: string, name: string): string {
  const problems: string[] = [];
  const over = name.length - MAXIMUM_INTERFACE_NAME_LENGTH;
  const bad = /[^A-Za-z0-9._-]/u.exec(name)?.[0];
  if (name === '') problems.push('is empty; give one');
  if (bad !== undefined)
    problems.push(`has the character '${bad}', allowed are letters, digits, '.', '_' and '-'; remove it`);
  if (over > 0)
    problems.push(
      `is ${over} over the ${MAXIMUM_INTERFACE_NAME_LENGTH} characters that Linux allows for an interface; shorten it`,
    );
  if (/^\.+$/.test(name)) problems.push('is a directory of sysfs; give another one');
  if (FOREIGN_INTERFACES.test(name))
    problems.push('is one that the system gives to an interface of its own; give another one');
  if (problems.length > 0)
    throw new ValidationError(
      '',
      problems.map((problem) => `${kind} name '${name}' ${problem}`),
    );
  return name;
}
