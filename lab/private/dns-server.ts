import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabDns } from '../site';
import { writeIfChanged } from './files';
import type { Part } from './part';

/** PowerDNS (LMDB backend): authoritative for whatever zones are made through its API, and for nothing else. */
export function dnsServerPart(directory: string, dns: LabDns): Part {
  const root = join(directory, 'dns');
  const api = new URL(dns.api);
  return {
    name: 'dns',
    address: `${dns.address}:${dns.port}, ${dns.guestAddress}:${dns.port}, ${dns.api}`,
    command: ['pdns_server', `--config-dir=${root}`],
    // The key is read from a file: arguments can be seen by everyone on the machine.
    probe: ['curl', '--silent', '--fail', '--max-time', '2', '--output', '/dev/null', '--noproxy', '*']
      .concat(['--config', join(root, 'curl.conf')])
      .concat([`${dns.api}/api/v1/servers/localhost`]),
    configure: () => {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      const key = dnsApiKey(directory);
      writeIfChanged(join(root, 'curl.conf'), `header = "X-API-Key: ${key}"\n`);
      const settings = [
        'launch=lmdb',
        `lmdb-filename=${join(root, 'pdns.lmdb')}`,
        'lmdb-shards=1',
        'lmdb-sync-mode=nosync',
        `local-address=${dns.address},${dns.guestAddress}`,
        `local-port=${dns.port}`,
        'api=yes',
        `api-key=${key}`,
        'webserver=yes',
        `webserver-address=${api.hostname}`,
        `webserver-port=${api.port}`,
        'webserver-allow-from=127.0.0.0/8',
        // A new name is seen at once: nothing is remembered, and a "no" is good for a minute at most (RFC 2308).
        'cache-ttl=0',
        'query-cache-ttl=0',
        'negquery-cache-ttl=0',
        'zone-cache-refresh-interval=0',
        `default-soa-content=ns.${dns.zone} hostmaster.@ 0 10800 3600 604800 60`,
        'receiver-threads=1',
        'setuid=',
        'setgid=',
        'daemon=no',
        'guardian=no',
        'write-pid=no',
        'disable-syslog=yes',
        'socket-dir=/run/cloudless',
        'security-poll-suffix=',
        'loglevel=4',
      ];
      return writeIfChanged(join(root, 'pdns.conf'), `${settings.join('\n')}\n`);
    },
  };
}

/** Key of the server's API; made on first use. */
export function dnsApiKey(directory: string): string {
  const file = join(directory, 'dns', 'api-key');
  if (!existsSync(file)) writeIfChanged(file, randomBytes(24).toString('hex'));
  return readFileSync(file, 'utf8');
}
