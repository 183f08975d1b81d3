/** A kernel parameter of sysctl(8), and its value. */
export interface Sysctl {
  /** With dots, for example `net.ipv4.ip_forward`. */
  readonly key: string;
  readonly value: string;
}

export function sysctlProblems({ key, value }: Sysctl): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9_-]*(\.[A-Za-z0-9_/*-]+)+$/.test(key))
    problems.push(`has a bad key: names between dots; write for example 'net.ipv4.ip_forward'`);
  if (!/^[\x20-\x7e\t]+$/.test(value))
    problems.push(`has the value '${value}', which is no line of text; give one`);
  return problems;
}

/** What is wrong with an argument of the kernel's command line. */
export function kernelArgumentProblems(argument: string): string[] {
  return /^[^\s"']+$/.test(argument)
    ? []
    : [`is not one word without quotes; give each argument by itself, for example 'mitigations=auto'`];
}

/** What is wrong with a time zone, as the end of a sentence (names of the IANA database). */
export function timeZoneProblems(zone: string): string[] {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    if (/^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$/.test(zone) && known.length > 0) return [];
  } catch {
    // It is none.
  }
  return [`is no time zone of the IANA database; write for example 'Europe/Berlin' or 'UTC'`];
}
