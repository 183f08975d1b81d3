type OctalDigit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7';

/**
 * Permission bits in octal, as chmod(1) and ls(1) people write them: `'0644'`. A type of text, so that the decimal number
 * 644 (which is `--w----r--` with the sticky bit) cannot be written at all.
 */
export type FileMode = `0${OctalDigit}${OctalDigit}${OctalDigit}`;

export const DEFAULT_FILE_MODE: FileMode = '0644';
export const DEFAULT_SECRET_MODE: FileMode = '0600';
export const DEFAULT_DIRECTORY_MODE: FileMode = '0755';

/** The bits as a number, for example 420 for `'0644'`. */
export function modeBits(mode: FileMode): number {
  return Number.parseInt(mode, 8);
}

/** What is wrong with a mode that did not go through the compiler, as the end of a sentence. */
export function modeProblems(mode: FileMode): string[] {
  const given: unknown = mode;
  if (typeof given === 'string' && /^0[0-7]{3}$/.test(given)) return [];
  const digits = /[0-7]{3}$/.exec(String(given))?.[0] ?? '644';
  return [
    `has the mode ${JSON.stringify(given)}, which is no octal text from '0000' to '0777'; write '0${digits}'`,
  ];
}
