import { finishedLine, fitLine, formatElapsed, formatShare, terminalProgress } from '../../cli/progress';

/** Collects what is written; what a terminal would show is the text behind the last return on each line. */
class Output {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 60,
  ) {}
  write(text: string) {
    this.text += text;
  }
  get shown(): string[] {
    return this.text.split('\n').map((line) => line.split('\r').at(-1)!.replace('\u001b[K', ''));
  }
}

describe('progress', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  it('keeps a finished step as one line with its result and time', () => {
    const output = new Output(true);
    const step = terminalProgress(output, { NO_COLOR: '1' }).step('lab');
    step.update('daemons', 1, 3);
    jest.advanceTimersByTime(1_200);
    expect(output.shown.at(-1)).toMatch(/^\S lab {2}33 % {2}daemons {2}1\.2 s$/);
    step.done('up');
    expect(output.shown).toEqual(['✓ lab  up  (1.2 s)', '']);
  });

  it('shows the newest of several steps and how many more there are', () => {
    const output = new Output(true);
    const progress = terminalProgress(output, { NO_COLOR: '1' });
    const first = progress.step('dns');
    const second = progress.step('prometheus');
    expect(output.shown.at(-1)).toMatch(/^\S prometheus {2}\(\+1\)/);
    second.fail('no');
    expect(output.shown).toEqual(['✗ prometheus  no  (0.0 s)', expect.stringMatching(/^\S dns/)]);
    first.done();
    expect(output.shown).toEqual(['✗ prometheus  no  (0.0 s)', '✓ dns  (0.0 s)', '']);
  });

  it('ends a step once', () => {
    const output = new Output(false);
    const step = terminalProgress(output, {}).step('a');
    step.done();
    step.fail();
    expect(output.text).toBe('- a ...\n✓ a  (0.0 s)\n');
  });

  it('uses colours on a terminal unless NO_COLOR is set', () => {
    const draw = (environment: NodeJS.ProcessEnv) => {
      const output = new Output(true);
      terminalProgress(output, environment).step('a').done();
      return output.text.includes('\u001b[32m✓\u001b[0m');
    };
    expect([draw({}), draw({ NO_COLOR: '1' })]).toEqual([true, false]);
  });

  it.each([
    ['without a terminal', false, {}],
    ['in CI', true, { CI: 'true' }],
    ['on a terminal that cannot move', true, { TERM: 'dumb' }],
  ])('prints plain lines %s, and of a long step one every ten seconds', (_, isTTY, environment) => {
    const output = new Output(isTTY);
    const progress = terminalProgress(output, environment);
    const step = progress.step('image');
    for (let second = 1; second <= 25; second++) {
      jest.advanceTimersByTime(1_000);
      step.update(`second ${second}`);
    }
    progress.note('aside');
    step.done();
    expect(output.text.split('\n')).toEqual([
      '- image ...',
      '  image: second 10  10 s',
      '  image: second 20  20 s',
      'aside',
      '✓ image  (25 s)',
      '',
    ]);
  });

  it('never wraps: a line is cut at the width and loses its control characters', () => {
    expect(fitLine('a\tb\u001b[31mc\u001b[0m\r\nd', 80)).toBe('a bc d');
    expect(fitLine('x'.repeat(20), 10)).toBe(`${'x'.repeat(8)}…`);
    const output = new Output(true, 20);
    terminalProgress(output, { NO_COLOR: '1' }).step('y'.repeat(50));
    expect(output.shown.at(-1)!.length).toBeLessThan(20);
  });

  it('writes times and shares for people', () => {
    expect([0, 1_249, 9_960, 61_000, 119_000, 725_000].map(formatElapsed)).toEqual([
      '0.0 s',
      '1.2 s',
      '10.0 s',
      '61 s',
      '119 s',
      '12 min 5 s',
    ]);
    expect([formatShare(999, 1000), formatShare(1000, 1000), formatShare(5), formatShare(5, 0)]).toEqual([
      '99 %',
      '100 %',
      '',
      '',
    ]);
    expect(finishedLine('✓', 'lab', undefined, 0)).toBe('✓ lab  (0.0 s)');
  });
});
