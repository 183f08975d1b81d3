import type { PackageLock } from './package-lock';

/** One package that another lock has differently. */
export interface PackageChange {
  readonly name: string;
  /** Undefined when it is added. */
  readonly before?: string;
  /** Undefined when it is removed. */
  readonly after?: string;
  /** Whether the new version comes from the distribution's security suite: it was made because of a vulnerability. */
  readonly security: boolean;
}

/** What changes from one lock to another, in the order of names; everything is added when there was none before. */
export function lockChanges(before: PackageLock | undefined, after: PackageLock): PackageChange[] {
  const [old, now] = [before?.file.packages ?? {}, after.file.packages];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((name) => {
    const [was, is] = [old[name], now[name]];
    if (was?.version === is?.version && was?.sha256 === is?.sha256) return [];
    return [
      { name, before: was?.version, after: is?.version, security: is?.suite.endsWith('-security') ?? false },
    ];
  });
}

/** Changes as lines of text, security updates first. */
export function describeChanges(changes: readonly PackageChange[]): string[] {
  const ordered = [...changes].sort((a, b) => Number(b.security) - Number(a.security));
  return ordered.map(({ name, before, after, security }) => {
    const mark = security ? 'security' : '';
    const what =
      before === undefined
        ? `new ${String(after)}`
        : after === undefined
          ? `gone, was ${before}`
          : `${before} -> ${after}`;
    return `${mark.padEnd(9)} ${name.padEnd(32)} ${what}`;
  });
}
