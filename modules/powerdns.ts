import { createHash, scryptSync } from 'node:crypto';
import { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import type { IpAddress } from '../lib/core/ip-address';
import { Size } from '../lib/core/size';
import { AlertSeverity } from '../lib/guest/alert-rule';
import { SecretContent } from '../lib/guest/file-content';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { HealthCheck } from '../lib/guest/health-check';
import { Protocol } from '../lib/guest/listening-port';
import { Peers } from '../lib/guest/peers';

/** The HTTP API through which records are written. */
export interface PowerDnsApi {
  /** What a client sends as `X-API-Key`; at least 16 characters. The machine gets a hash of it only. */
  readonly key: SecretContent;
  /** Who may use it, by address or range: the key travels unencrypted, so name as few as possible. */
  readonly from: Peers;
}

export interface PowerDnsServerProps {
  /** @default - none: records are written on the machine itself, with pdnsutil(1) */
  readonly api?: PowerDnsApi;
  /** Who may ask. @default Peers.POOL */
  readonly from?: Peers | readonly Peers[];
  /** Servers that copy the zones (AXFR) and are told of changes. @default - none */
  readonly secondaries?: readonly IpAddress[];
  /**
   * Who reads the metrics, by address or range; they are at the port of the API, which is opened for them.
   * @default - nobody
   */
  readonly metricsFrom?: Peers;
  /** What the data disk must have at least. @default 1 GiB */
  readonly dataSize?: Size;
}

const DATA = '/var/lib/powerdns';
/** The whole of it: what the packages put into `pdns.d`, such as another `launch`, is not read. */
const CONFIGURATION = '/etc/powerdns/pdns.conf';
const INCLUDED = '/etc/powerdns/cloudless.d';
const DNS_PORT = 53;
const API_PORT = 8081;

/** The authoritative PowerDNS server of Debian, with its zones in LMDB on a data disk. */
export class PowerDnsServer implements GuestModule {
  readonly moduleName = 'powerdns';

  /** @throws ValidationError for peers of the API that are no addresses, and for a short key */
  constructor(private readonly props: PowerDnsServerProps = {}) {
    const { api, metricsFrom } = props;
    const problems: string[] = [];
    for (const [what, peers] of [
      ['api.from', api?.from],
      ['metricsFrom', metricsFrom],
    ] as const)
      if (peers && peers.fixed.length === 0)
        problems.push(
          `'${what}' is ${peers.toString()}; name addresses or ranges, for example Peers.addresses(…)`,
        );
    if (metricsFrom && !api)
      problems.push(`'metricsFrom' needs the HTTP server that 'api' turns on; give 'api' too`);
    if (api) {
      const key = textOf(api.key);
      if (key.length < 16)
        problems.push(
          `the key of the API has ${key.length} characters, at least 16 are needed; make a longer one`,
        );
      if (!/^[\x21-\x7e]*$/.test(key))
        problems.push(`the key of the API has a space or a line break; give it without, as it is sent`);
    }
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { api, from = Peers.POOL, secondaries = [], metricsFrom, dataSize = Size.gib(1) } = this.props;
    const askers = [
      ...(from instanceof Peers ? [from] : from),
      ...(secondaries.length > 0 ? [Peers.addresses(...secondaries)] : []),
    ];
    guest.addPackages('pdns-server', 'pdns-backend-lmdb');
    guest.needData({ mountPoint: DATA, size: dataSize });
    for (const protocol of [Protocol.UDP, Protocol.TCP]) guest.listen(DNS_PORT, { protocol, from: askers });
    guest.addFile({ path: CONFIGURATION, content: this.configuration(guest) });
    guest.addUnit({
      name: 'pdns.service',
      dropIns: [{ name: '10-cloudless.conf', content: DROP_IN }],
    });
    if (askers.some((peers) => peers !== Peers.NOBODY)) {
      guest.addService({ name: 'ns', port: DNS_PORT, protocol: Protocol.UDP });
      guest.addHealthCheck(HealthCheck.tcp(DNS_PORT));
    }
    if (api) {
      guest.addFile({
        path: `${INCLUDED}/api.conf`,
        content: SecretContent.of(apiConfiguration(api, metricsFrom)),
        mode: '0640',
        owner: 'root:pdns',
      });
      guest.listen(API_PORT, { from: metricsFrom ? [api.from, metricsFrom] : api.from });
      if (metricsFrom) guest.addScrapeEndpoint({ job: 'powerdns', port: API_PORT });
      guest.addAlertRule({
        name: 'PowerDnsFails',
        expression: 'rate(pdns_auth_servfail_packets{job="powerdns"}[5m]) > 0.1',
        for: Duration.minutes(10),
        severity: AlertSeverity.WARNING,
        summary: '{{ $labels.instance }} answers questions with SERVFAIL',
      });
      guest.addAlertRule({
        name: 'PowerDnsSlow',
        expression: 'pdns_auth_latency{job="powerdns"} > 100000',
        for: Duration.minutes(10),
        severity: AlertSeverity.WARNING,
        summary: '{{ $labels.instance }} takes longer than a tenth of a second to answer',
      });
    }
  }

  private configuration(guest: GuestConfig): string {
    const { api, secondaries = [] } = this.props;
    const own = guest.interfaces.flatMap(({ addresses = [] }) =>
      addresses.map(({ address }) => `${address}`),
    );
    // Each address by itself: a resolver of the machine's own has port 53 on another loopback address.
    const local = own.length > 0 ? ['127.0.0.1', ...own] : ['0.0.0.0', '::'];
    return `# Zones are written through the API, or by pdnsutil.
launch=lmdb
lmdb-filename=${DATA}/pdns.lmdb
local-address=${local.join(', ')}
${api ? `include-dir=${INCLUDED}\n` : ''}version-string=anonymous
security-poll-suffix=
# Nobody copies a zone but who is named here.
disable-axfr=${secondaries.length > 0 ? 'no' : 'yes'}
allow-axfr-ips=${['127.0.0.1', '::1', ...secondaries.map(String)].join(', ')}
${secondaries.length > 0 ? `primary=yes\nonly-notify=${secondaries.join(', ')}\nalso-notify=${secondaries.join(', ')}\n` : ''}`;
  }
}

/** The disk outlives the machine, and the number of Debian's user may be another one in the next. */
const DROP_IN = `[Unit]
RequiresMountsFor=${DATA}

[Service]
ExecStartPre=+/usr/bin/chown --recursive pdns:pdns ${DATA}
ProtectSystem=strict
ReadWritePaths=${DATA}
`;

function apiConfiguration({ key, from }: PowerDnsApi, metricsFrom: Peers | undefined): string {
  const allowed = ['127.0.0.1', '::1', ...from.fixed, ...(metricsFrom?.fixed ?? [])];
  return `api=yes
api-key=${hashed(textOf(key))}
webserver=yes
webserver-address=0.0.0.0
webserver-port=${API_PORT}
webserver-allow-from=${[...new Set(allowed)].join(', ')}
webserver-loglevel=normal
`;
}

/**
 * As `pdnsutil hash-password` writes it (PowerDNS 4.6 and later), with a salt that follows from the key: the same input
 * gives the same file.
 */
function hashed(key: string): string {
  const salt = createHash('sha256').update(`cloudless powerdns api key\0${key}`).digest().subarray(0, 16);
  const hash = scryptSync(key, salt, 32, { N: 1024, r: 8, p: 1 });
  return `$scrypt$ln=10,p=1,r=8$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function textOf(secret: SecretContent): string {
  return secret.reveal().toString();
}
