/** Orders versions as semver.org section 11 does; a development build comes before its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  for (let part = 0; part < 3; part++) {
    const difference = (left.numbers[part] ?? 0) - (right.numbers[part] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.rest === right.rest) return 0;
  if (left.rest === '') return 1;
  if (right.rest === '') return -1;
  return left.rest < right.rest ? -1 : 1;
}

function split(version: string): { numbers: number[]; rest: string } {
  const [core = '', ...rest] = version.split('-');
  return { numbers: core.split('.').map(Number), rest: rest.join('-') };
}
