/** A path as part of a unit name, as `systemd-escape --path` writes it (systemd.unit(5), "String escaping"). */
export function systemdEscapePath(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0) return '-';
  if (segments.every((segment) => /^[A-Za-z0-9:_][A-Za-z0-9:_.]*$/.test(segment))) return segments.join('-');
  const bytes = Buffer.from(segments.join('/'));
  return Array.from(bytes, (byte, index) => {
    const character = String.fromCharCode(byte);
    if (character === '/') return '-';
    const plain = /[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.');
    return plain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
