import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { Lab, type LabStatus } from '../lab/lab';
import { labName } from '../lab/site';
import { requireRoot } from './private/require-root';
import { terminalProgress } from './progress';
import { columns } from './private/columns';

/** Adds `cloudless lab up | down | status | exec | shell`. */
export function register(program: Command): void {
  const lab = program
    .command('lab')
    .description('a site on this machine: hypervisors, DNS server and Prometheus in namespaces of their own');
  const command = (name: string, description: string): Command =>
    lab
      .command(name)
      .description(description)
      .option('--name <lab>', 'which lab (environment variable CLOUDLESS_LAB)', labName());

  command('up', 'start the lab, or what of it does not run')
    .option('--hypervisors <count>', 'how many it has from now on, 1 to 3 (a new lab has 3)', Number)
    .action(async ({ name, hypervisors }: { name: string; hypervisors?: number }) => {
      requireRoot();
      const started = Date.now();
      const changed = await Lab.named(name).up(terminalProgress(), { hypervisors });
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(
        changed ? `lab '${name}' is up (${seconds} s)\n` : `lab '${name}' is up, nothing to do\n`,
      );
    });

  command('down', 'end the lab with all its machines; disks and records are kept')
    .option('--purge', 'also remove its directory, with the site key and every disk')
    .action(async ({ name, purge }: { name: string; purge?: boolean }) => {
      requireRoot();
      const changed = await Lab.named(name).down({ purge }, terminalProgress());
      const gone = purge ? 'gone' : 'down';
      process.stdout.write(`lab '${name}' ${changed ? `is ${gone}` : `was not up`}\n`);
    });

  command('status', 'what runs and where it is reached; exit code 0 only when all of it runs')
    .option('--json', 'as JSON')
    .action(async ({ name, json }: { name: string; json?: boolean }) => {
      requireRoot();
      const status = await Lab.named(name).status();
      process.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : statusTable(status));
      process.exitCode = status.up ? 0 : 1;
    });

  command('exec', "run a command in the operator's view of the lab")
    .argument('<command...>', 'program and arguments, after --')
    .option('--on <hypervisor>', 'run it on this hypervisor instead, for example kvm2')
    .passThroughOptions()
    .action(async (words: string[], { name, on }: { name: string; on?: string }) => {
      requireRoot();
      process.exitCode = await Lab.named(name).exec(words, { on });
    });

  command('shell', "a shell in the operator's view of the lab").action(async ({ name }: { name: string }) => {
    requireRoot();
    const place = Lab.named(name);
    process.exitCode = await place.exec(shellCommand(place), {
      environment: { PS1: `[lab ${name}] \\w \\$ ` },
    });
  });
}

/** The table of `lab status`. */
export function statusTable(status: LabStatus): string {
  const rows = [
    ['PART', 'STATE', 'PID', 'ADDRESS'],
    ...status.parts.map(({ name, state, pid, address }) => [name, state, pid ? String(pid) : '-', address]),
  ];
  const about = `lab '${status.name}' (${status.accelerator}) in ${status.directory}`;
  return `${[about, ...columns(rows)].join('\n')}\n`;
}

/** The user's own shell; bash also shows in its prompt where one is, whatever the user's own prompt is. */
function shellCommand(lab: Lab): string[] {
  const shell = process.env.SHELL || '/bin/bash';
  if (basename(shell) !== 'bash') return [shell, '-i'];
  const file = join(lab.site.operator.privateKey, '..', 'shell.bashrc');
  const escape = "'";
  const prompt = `PS1=${escape}[lab ${lab.name}] ${escape}"\${PS1#"[lab ${lab.name}] "}"`;
  // The user's own file may set PATH anew; the lab's programs stay first.
  writeFileSync(file, `lab_path=$PATH\n[ -r ~/.bashrc ] && . ~/.bashrc\nPATH=$lab_path\n${prompt}\n`, {
    mode: 0o600,
  });
  return [shell, '--rcfile', file, '-i'];
}
