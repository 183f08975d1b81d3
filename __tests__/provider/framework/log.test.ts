import { hideInLog, log, nameLog, withLogFields } from '../../../provider/framework/log';
import { PrivateData } from '../../../provider/framework/private-data';

/** The lines that are written while `step` runs, with some variables set. */
function linesOf(environment: Record<string, string>, step: () => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const before = process.env;
  process.env = { ...environment };
  const write = jest
    .spyOn(process.stderr, 'write')
    .mockImplementation((line) => lines.push(String(line)) > 0);
  try {
    step();
  } finally {
    write.mockRestore();
    process.env = before;
  }
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const all = () =>
  (['trace', 'debug', 'info', 'warn', 'error'] as const).forEach((level) => log(level, level));
const levels = (environment: Record<string, string>) =>
  linesOf(environment, all).map((line) => line['@level']);

beforeAll(() => nameLog('my-shelf'));

test('the most special variable decides on the level', () => {
  expect(levels({})).toEqual([]);
  expect(levels({ TF_LOG: 'WARN' })).toEqual(['warn', 'error']);
  expect(levels({ TF_LOG: 'TRACE', TF_LOG_PROVIDER: 'error' })).toEqual(['error']);
  expect(levels({ TF_LOG_PROVIDER: 'ERROR', TF_LOG_PROVIDER_MY_SHELF: 'INFO' })).toEqual([
    'info',
    'warn',
    'error',
  ]);
  expect(levels({ TF_LOG: 'TRACE', TF_LOG_PROVIDER_MY_SHELF: 'OFF' })).toEqual([]);
  expect(levels({ TF_LOG: 'JSON' })).toHaveLength(5);
});

test('a line is what Terraform reads: exactly six digits of a second', () => {
  const [line] = linesOf({ TF_LOG: 'INFO' }, () => log('info', 'hello', { size: 7, big: 2n ** 64n }));
  expect(line).toMatchObject({
    '@level': 'info',
    '@message': 'hello',
    '@module': 'provider',
    size: 7,
    big: '18446744073709551616',
  });
  expect(line!['@timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('a line says which request it belongs to, also after waiting', async () => {
  const write = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  process.env.TF_LOG_PROVIDER_MY_SHELF = 'INFO';
  try {
    await Promise.all(
      ['one', 'two'].map((request) =>
        withLogFields({ request }, async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          withLogFields({ inner: true }, () => log('info', request));
        }),
      ),
    );
    const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatchObject({ request: line['@message'], inner: true });
  } finally {
    delete process.env.TF_LOG_PROVIDER_MY_SHELF;
    write.mockRestore();
  }
});

test('a secret appears in no message and in no field', () => {
  const lines = linesOf({ TF_LOG: 'TRACE' }, () => {
    hideInLog('hunter2');
    hideInLog('');
    log('info', 'key hunter2!', { header: ['x hunter2'], error: new Error('hunter2') });
  });
  expect(lines).toMatchObject([{ '@message': 'key ***!', header: ['x ***'], error: '***' }]);
});

describe('private data', () => {
  test('comes back as it was stored', () => {
    const data = new PrivateData();
    data.set('a', { b: [1, null, 'x'] });
    data.set('gone', 1);
    data.delete('gone');
    const again = new PrivateData(data.toBytes());
    expect(again.get('a')).toEqual({ b: [1, null, 'x'] });
    expect(again.get('gone')).toBeUndefined();
    expect(new PrivateData().toBytes()).toHaveLength(0);
  });

  test('of another provider is none of ours', () => {
    expect(new PrivateData(Buffer.from('no JSON')).toBytes()).toHaveLength(0);
    expect(new PrivateData(Buffer.from('[1]')).toBytes()).toHaveLength(0);
  });
});
