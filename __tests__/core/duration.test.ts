import fc from 'fast-check';
import { Duration } from '../../lib/core/duration';

describe('Duration', () => {
  test.each([
    [Duration.seconds(30), '30s'],
    [Duration.minutes(90), '1h30m'],
    [Duration.milliseconds(1250), '1s250ms'],
    [Duration.days(2), '2d'],
    [Duration.hours(0), '0s'],
  ])('is written as %#: %s', (duration, text) => {
    expect(`${duration}`).toBe(text);
  });

  test('reads every text that it writes', () => {
    fc.assert(
      fc.property(fc.nat(), (amount) => {
        expect(Duration.parse(`${Duration.milliseconds(amount)}`).toMilliseconds()).toBe(amount);
      }),
    );
  });

  test.each(['', '30', '30 s', '1m1h', 'soon', '-1s'])('refuses %p', (text) => {
    expect(() => Duration.parse(text)).toThrow(`'${text}' is not a duration`);
  });

  test('refuses negative and broken amounts and refuses to round', () => {
    expect(() => Duration.seconds(-1)).toThrow(
      'duration -1s is not a whole number of milliseconds of at least 0',
    );
    expect(() => Duration.seconds(0.0001)).toThrow('not a whole number');
    expect(() => Duration.milliseconds(1250).toSeconds()).toThrow(
      'duration 1s250ms is not a whole number of seconds',
    );
  });

  test('adds and compares', () => {
    expect(Duration.seconds(30).plus(Duration.minutes(1)).toSeconds()).toBe(90);
    expect(Duration.seconds(60).equals(Duration.minutes(1))).toBe(true);
    expect(Duration.seconds(61).compareTo(Duration.minutes(1))).toBeGreaterThan(0);
  });
});
