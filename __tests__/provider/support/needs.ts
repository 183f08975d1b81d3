import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SQLITE_SCHEMA } from './power-dns-server';

/** What is no program, by the package that it comes with. */
const FILES: Readonly<Record<string, string>> = { 'pdns-backend-sqlite3': SQLITE_SCHEMA };

const present = (program: string) =>
  program in FILES ? existsSync(FILES[program] ?? '') : programPresent(program);

const programPresent = (program: string) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** A suite that needs programs or packages; without them it is skipped, and its name says why. */
export function describeWith(programs: readonly string[], name: string, suite: () => void): void {
  const missing = programs.filter((program) => !present(program));
  if (missing.length === 0) describe(name, suite);
  else describe.skip(`${name} (skipped: ${missing.join(' and ')} not installed)`, suite);
}
