import { execFile } from 'node:child_process';
import type { PowerDnsServer } from './power-dns-server';

/** Asks a server with `dig` (Debian: bind9-dnsutils). */
export function dig(
  server: PowerDnsServer,
  ...question: string[]
): Promise<{ code: number; output: string }> {
  const args = ['@127.0.0.1', '-p', String(server.dnsPort), '+time=2', '+tries=1', ...question];
  return new Promise((resolve) => {
    execFile('dig', args, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}
