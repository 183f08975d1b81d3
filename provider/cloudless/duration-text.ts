import { parseDuration } from '../framework';
import { messageOf } from './explained';

/** What is wrong with a duration such as `90s` or `1h30m`; undefined when nothing is. */
export function problemWithDuration(text: string): string | undefined {
  try {
    parseDuration(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Milliseconds as people write them: `90s`, `5m`, `250ms`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms / 1_000);
  return seconds % 60 === 0
    ? `${seconds / 60}m`
    : seconds < 60
      ? `${seconds}s`
      : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
