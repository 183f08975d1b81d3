import { duplicates, of, type Entry } from './contributions';

/** A path of the machine that something is put at. */
export interface PathClaim {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'mount';
}

/** Two things at one path, something below a file, and what a mounted data disk would hide. */
export function pathConflicts(claims: readonly Entry<PathClaim>[]): string[] {
  const single = claims.filter(({ item }) => item.kind !== 'directory' && item.kind !== 'mount');
  const directories = claims.filter(({ item }) => item.kind === 'directory');
  const leaves = new Map(single.map((entry) => [entry.item.path, entry]));
  const mounts = claims.filter(({ item }) => item.kind === 'mount');
  return [
    ...duplicates(single, ({ kind, path }) => `${kind === 'link' ? 'file' : kind} '${path}'`, 'keep one'),
    ...[...directories, ...mounts].flatMap(({ item: { path }, by }) => {
      const leaf = leaves.get(path);
      return leaf === undefined
        ? []
        : [`directory '${path}'${of(by)} is also a ${leaf.item.kind}${of(leaf.by)}; rename one`];
    }),
    ...claims.flatMap(({ item: { kind, path }, by }) =>
      parents(path).flatMap((parent) => {
        const leaf = leaves.get(parent);
        return leaf === undefined
          ? []
          : [
              `${kind} '${path}'${of(by)} is below '${parent}', which is a ${leaf.item.kind}${of(leaf.by)} and no directory; move one`,
            ];
      }),
    ),
    ...single
      .filter(({ item }) => item.kind === 'file')
      .flatMap(({ item: { path }, by }) =>
        mounts
          .filter(({ item }) => path.startsWith(`${item.path}/`))
          .map(
            ({ item }) =>
              `file '${path}'${of(by)} would be hidden by the data disk that is mounted at '${item.path}'; write it with a first-boot command`,
          ),
      ),
  ];
}

/** `/a` and `/a/b` of `/a/b/c`. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
