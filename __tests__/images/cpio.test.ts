import { cpioArchive } from '../../images/build/cpio';

const EPOCH = 1_700_000_000;

/** Reads an archive as cpio(5) describes it. */
function members(archive: Buffer): { name: string; mode: number; time: number; content: string }[] {
  const found = [];
  for (let offset = 0; ;) {
    expect(archive.toString('latin1', offset, offset + 6)).toBe('070701');
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', offset + 6 + 8 * index, offset + 14 + 8 * index), 16);
    const [mode, time, size, nameLength] = [field(1), field(5), field(6), field(11)];
    const name = archive.toString('latin1', offset + 110, offset + 110 + nameLength - 1);
    const start = (offset + 110 + nameLength + 3) & ~3;
    if (name === 'TRAILER!!!') return found;
    found.push({ name, mode, time, content: archive.toString('latin1', start, start + size) });
    offset = (start + size + 3) & ~3;
  }
}

test('an archive holds every member with its mode, the fixed time and its content', () => {
  const archive = cpioArchive(
    [
      { path: 'dev', mode: 0o040755 },
      { path: 'init', mode: 0o100755, content: Buffer.from('12345') },
      { path: 'modules', mode: 0o100644, content: Buffer.from('/a.ko\n') },
    ],
    EPOCH,
  );

  expect(members(archive)).toEqual([
    { name: 'dev', mode: 0o040755, time: EPOCH, content: '' },
    { name: 'init', mode: 0o100755, time: EPOCH, content: '12345' },
    { name: 'modules', mode: 0o100644, time: EPOCH, content: '/a.ko\n' },
  ]);
  expect(archive.length % 512).toBe(0);
});
