/** What a long task tells about itself; the command line draws it on a terminal and prints plain lines elsewhere. */
export interface Progress {
  /** Begins a step; the step before it has ended by then. */
  step(title: string): Step;
  /** A line worth keeping on the screen. */
  note(text: string): void;
}

export interface Step {
  /** What is happening right now, or how far it is (`done` of `total`, any unit). */
  update(detail: string, done?: number, total?: number): void;
  /** Ends the step; `result` is shown behind its title. */
  done(result?: string): void;
  fail(reason?: string): void;
}

/** Says nothing. */
export const SILENT: Progress = {
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
  note: () => undefined,
};

/** Runs `work` as one step: ends it when the work is done, fails it when the work throws. */
export async function asStep<T>(
  progress: Progress,
  title: string,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const step = progress.step(title);
  try {
    const result = await work(step);
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
