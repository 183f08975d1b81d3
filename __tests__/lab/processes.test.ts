import { spawn } from 'node:child_process';
import { isForeground } from '../../lab/private/forward-signals';
import {
  endProcess,
  isAlive,
  listProcesses,
  parseCommandLine,
  parseStartTime,
  parseStatus,
  readProcess,
} from '../../lab/private/processes';

describe('processes', () => {
  it('reads the start time behind a name with spaces and parentheses', () => {
    const after = ['S', ...Array.from({ length: 18 }, (_, index) => index + 4), 4711, 99];
    expect(parseStartTime(`42 (a) b (c)) ${after.join(' ')}`)).toBe(4711);
  });

  it('splits a command line at its zero bytes and keeps empty arguments', () => {
    expect(parseCommandLine('tini\0--\0\0/bin/sh\0')).toEqual(['tini', '--', '', '/bin/sh']);
    expect(parseCommandLine('')).toEqual([]);
  });

  it('reads parent, effective user and the pids in every namespace', () => {
    const status = 'Name:\tx\nPPid:\t17\nUid:\t1000\t0\t0\t0\nNSpid:\t4242\t1\n';
    expect(parseStatus(status)).toEqual({ parent: 17, user: 0, namespacePids: [4242, 1] });
  });

  it('knows this process', () => {
    const me = listProcesses().find(({ pid }) => pid === process.pid);
    expect(me).toMatchObject({ parent: process.ppid, user: process.geteuid?.() });
    expect(isAlive(me!)).toBe(true);
  });

  it('does not take a later process of the same pid for the one it knew', () => {
    const me = readProcess(process.pid)!;
    expect(isAlive({ pid: me.pid, startTime: me.startTime - 1 })).toBe(false);
  });

  it('makes a process end that does not listen', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; sleep 30 >/dev/null 2>&1 & wait; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((done) => child.stdout.once('data', done));
    const entry = readProcess(child.pid!)!;
    expect(await endProcess(entry, 100)).toBe(true);
    expect(isAlive(entry)).toBe(false);
  });

  it('tells whether the terminal has sent a signal to the command as well', () => {
    const stat = (group: number, terminal: number, foreground: number) =>
      `9 (node) S 1 ${group} 9 ${terminal} ${foreground} 0 0`;
    expect(isForeground(stat(9, 34816, 9))).toBe(true);
    expect(isForeground(stat(9, 34816, 12))).toBe(false);
    expect(isForeground(stat(9, 0, -1))).toBe(false);
  });
});
