import { reportErrors, Size, ValidationError } from '../../lib';
import { userLine } from '../../lib/core/report-errors';

describe('an error that its user can mend', () => {
  it('names the line of the user’s own code, not the one in the library that threw it', () => {
    let thrown: unknown;
    try {
      Size.mib(-1);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ValidationError);
    expect(userLine(thrown as Error)).toMatch(/^__tests__\/core\/report-errors\.test\.ts:8$/);
  });

  it('is told in plain words, with exit code 1', () => {
    const written: string[] = [];
    const write = jest
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => written.push(String(text)) > 0);
    const before = process.exitCode;
    try {
      reportErrors(() => {
        throw new ValidationError('lab/web', 'count is -1; give a whole number from 0 to 1000');
      });
      expect(process.exitCode).toBe(1);
    } finally {
      process.exitCode = before;
      write.mockRestore();
    }
    expect(written.join('')).toMatch(
      /^\nlab\/web: count is -1; give a whole number from 0 to 1000\n {2}called from __tests__/,
    );
    expect(written.join('')).not.toContain('    at ');
  });
});

it('leaves what was not expected to Node, with its stack', () => {
  expect(() => {
    reportErrors(() => {
      throw new TypeError('bug');
    });
  }).toThrow(TypeError);
});
