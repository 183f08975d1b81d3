import type { Progress, Step } from '../lib/core/progress';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** How often a step that takes long says so where there is no terminal. */
const PLAIN_UPDATE_MS = 10_000;

/** Where progress is drawn; `process.stderr` and the test's own stream are ones. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Progress for people: one live line per step on a terminal, plain lines elsewhere and in CI. Written to standard
 * error, so that it never mixes with what a command prints. Colours are left out when `NO_COLOR` is set (no-color.org).
 */
export function terminalProgress(
  output: ProgressOutput = process.stderr,
  environment: NodeJS.ProcessEnv = process.env,
): Progress {
  const live = output.isTTY === true && !environment.CI && environment.TERM !== 'dumb';
  const colours = live && !environment.NO_COLOR;
  return live ? new LiveProgress(output, colours) : new PlainProgress(output);
}

/** `1.2 s`, `75 s` or `12 min 5 s`. */
export function formatElapsed(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A share in per cent, rounded down so that 100 % means done; empty when the total is not known. */
export function formatShare(done?: number, total?: number): string {
  if (done === undefined || !total) return '';
  return `${Math.min(100, Math.floor((100 * done) / total))} %`;
}

/** What is said of a step that has ended. */
export function finishedLine(mark: string, title: string, result: string | undefined, ms: number): string {
  return `${mark} ${title}${result ? `  ${result}` : ''}  (${formatElapsed(ms)})`;
}

/** Keeps a line on one line of the terminal: without control characters, cut where it would wrap. */
export function fitLine(text: string, columns: number): string {
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(/[\u0000-\u001f\u007f]+/g, ' ');
  return plain.length < columns ? plain : `${plain.slice(0, Math.max(0, columns - 2))}…`;
}

class LiveProgress implements Progress {
  readonly #active: { title: string; started: number; detail: string; share: string }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(
    private readonly output: ProgressOutput,
    private readonly colours: boolean,
  ) {}

  step(title: string): Step {
    const state = { title, started: Date.now(), detail: '', share: '' };
    this.#active.push(state);
    // Never keeps the process alive: a step that is not ended must not hang its command.
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref();
    this.#draw();
    const end = (mark: string, colour: string, result?: string): void => {
      const at = this.#active.indexOf(state);
      if (at < 0) return;
      this.#active.splice(at, 1);
      this.#keep(finishedLine(this.#paint(mark, colour), title, result, Date.now() - state.started));
    };
    return {
      update: (detail, done, total) => {
        state.detail = detail;
        state.share = formatShare(done, total);
      },
      done: (result) => end('✓', '32', result),
      fail: (reason) => end('✗', '31', reason),
    };
  }

  note(text: string): void {
    this.#keep(text);
  }

  #keep(line: string): void {
    this.output.write(`\r\u001b[K${line}\n`);
    if (this.#active.length > 0) return this.#draw();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #draw(): void {
    const current = this.#active.at(-1);
    if (!current) return;
    const mark = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    const more = this.#active.length > 1 ? `(+${this.#active.length - 1})` : '';
    const parts = [current.title, more, current.share, current.detail].filter(Boolean).join('  ');
    const text = fitLine(
      `${parts}  ${formatElapsed(Date.now() - current.started)}`,
      (this.output.columns || 80) - 2,
    );
    this.output.write(`\r\u001b[K${this.#paint(mark, '36')} ${text}`);
  }

  #paint(text: string, colour: string): string {
    return this.colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

class PlainProgress implements Progress {
  constructor(private readonly output: ProgressOutput) {}

  step(title: string): Step {
    const started = Date.now();
    let said = started;
    let ended = false;
    this.output.write(`- ${title} ...\n`);
    const end = (mark: string, result?: string): void => {
      if (ended) return;
      ended = true;
      this.output.write(`${finishedLine(mark, title, result, Date.now() - started)}\n`);
    };
    return {
      update: (detail, done, total) => {
        if (ended || Date.now() - said < PLAIN_UPDATE_MS) return;
        said = Date.now();
        const text = [formatShare(done, total), detail, formatElapsed(said - started)].filter(Boolean);
        this.output.write(`  ${fitLine(`${title}: ${text.join('  ')}`, 160)}\n`);
      },
      done: (result) => end('✓', result),
      fail: (reason) => end('✗', reason),
    };
  }

  note(text: string): void {
    this.output.write(`${text}\n`);
  }
}
