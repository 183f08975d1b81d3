/**
 * A signal for work that several wait for: aborted when the last of them has given up. One of them alone must not end
 * what the others still want.
 */
export function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const distinct = [...new Set(signals)];
  const [only] = distinct;
  if (distinct.length === 1 && only) return only;
  const controller = new AbortController();
  let left = distinct.length;
  for (const signal of distinct) {
    const gone = () => {
      if (--left === 0) controller.abort(signal.reason);
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  }
  return controller.signal;
}
