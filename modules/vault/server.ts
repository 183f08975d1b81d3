import { derivedKey } from '../../lib/core/derived-secrets';
import { Duration } from '../../lib/core/duration';
import { ValidationError } from '../../lib/core/errors';
import { IpAddress } from '../../lib/core/ip-address';
import { Size } from '../../lib/core/size';
import { AlertSeverity } from '../../lib/guest/alert-rule';
import { SecretContent } from '../../lib/guest/file-content';
import type { GuestConfig, GuestModule } from '../../lib/guest/guest-config';
import { UserKind } from '../../lib/guest/guest-user';
import { HealthCheck } from '../../lib/guest/health-check';
import { Peers } from '../../lib/guest/peers';
import { ServiceScope } from '../../lib/guest/service-endpoint';
import { SubjectName } from '../../lib/pki';
import { machineAddress } from '../hashistack/machine-address';
import { configText, mergeConfig } from '../hashistack/merge-config';
import { addCertificate } from '../hashistack/node-certificate';
import { secretFile } from '../hashistack/secret-file';
import { serviceUnit } from '../hashistack/service-unit';
import type { VaultCluster } from './cluster';
import { GUARDED, STATE, vaultConfig } from './config';
import { initScript } from './init-script';
import { VaultPort } from './ports';
import { VaultProduct } from './seal';

const CONFIG = '/etc/vault.d';
const USER = 'vault';
const SEAL_FILES = { key: `${CONFIG}/seal.key`, ca: `${CONFIG}/seal-ca.pem` };

/** A server of Vault or OpenBao, one of its voters. Its store is on a data disk at `/var/lib/vault`. */
export class VaultServer implements GuestModule {
  readonly moduleName = 'vault-server';

  constructor(readonly cluster: VaultCluster) {}

  bind(guest: GuestConfig): void {
    const { cluster } = this;
    const { props } = cluster;
    if (!cluster.peers.some((peer) => peer.equals(guest.fqdn)))
      throw new ValidationError(
        guest.fqdn.toString(),
        `is no server of cluster '${cluster.clusterName}', whose servers are ${cluster.peers.join(', ')}; put the module into pool '${props.serverPool}', and as many machines as 'quorum' says`,
      );
    const address = machineAddress(guest, this.moduleName);
    const program = props.binaries.install(guest, cluster.program);
    guest.needData({ mountPoint: STATE, size: Size.mib(256) });
    guest.addUser({ name: USER, kind: UserKind.SERVICE, id: 8200, home: STATE });
    const files = addCertificate(
      guest,
      props.authority,
      {
        name: `vault.${guest.fqdn}`,
        names: [
          SubjectName.dns(guest.fqdn),
          SubjectName.dns(cluster.name),
          SubjectName.dns('localhost'),
          SubjectName.address(address),
          SubjectName.address(IpAddress.of('127.0.0.1')),
        ],
      },
      { directory: `${CONFIG}/tls`, group: USER },
    );
    const machine = { hostname: guest.hostname, fqdn: guest.fqdn, address };
    guest.addFile({
      path: `${CONFIG}/vault.json`,
      content: configText(
        mergeConfig(
          this.moduleName,
          vaultConfig(cluster, machine, files, SEAL_FILES),
          props.extraConfig ?? {},
          GUARDED,
        ),
      ),
    });
    this.addSeal(guest);
    const prefix = cluster.product === VaultProduct.OPENBAO ? 'BAO' : 'VAULT';
    guest.addFile({
      path: `${CONFIG}/cli.env`,
      content: `${prefix}_ADDR=https://${guest.fqdn}:${VaultPort.API}\n${prefix}_CACERT=${files.ca}\n`,
    });
    guest.addFile({
      path: '/opt/cloudless/bin/vault-init',
      content: initScript(program, CONFIG),
      mode: '0755',
    });
    guest.addUnit({
      name: 'vault.service',
      content: serviceUnit({
        description: cluster.product === VaultProduct.OPENBAO ? 'OpenBao' : 'Vault',
        command: [program, 'server', `-config=${CONFIG}/vault.json`],
        user: USER,
        state: ['vault'],
        mounts: [STATE],
        service: [
          ...(props.seal.transitProps ? [`EnvironmentFile=${CONFIG}/seal.env`] : []),
          'LimitCORE=0',
          // Nothing of its memory is written anywhere.
          'MemorySwapMax=0',
        ],
      }),
    });
    guest.listen(VaultPort.API, { from: cluster.clients });
    guest.listen(VaultPort.CLUSTER, { from: Peers.POOL });
    guest.listen(VaultPort.METRICS, { from: Peers.MONITORING });
    guest.addService({ name: 'vault', port: VaultPort.API, scope: ServiceScope.POOL });
    guest.addHealthCheck(HealthCheck.tcp(VaultPort.API));
    guest.addScrapeEndpoint({
      job: 'vault',
      port: VaultPort.METRICS,
      scheme: 'https',
      path: '/v1/sys/metrics',
      parameters: { format: 'prometheus' },
    });
    this.addAlertRules(guest);
  }

  private addSeal(guest: GuestConfig): void {
    const { seal, environment } = this.cluster.props;
    const { transitProps, staticProps } = seal;
    if (transitProps) {
      const token = transitProps.token.reveal().toString('utf8').trim();
      guest.addFile(secretFile(`${CONFIG}/seal.env`, `VAULT_TOKEN=${token}\n`, USER));
      if (transitProps.caCertificate !== undefined)
        guest.addFile({ path: SEAL_FILES.ca, content: transitProps.caCertificate });
    }
    if (staticProps) {
      const derived = Buffer.from(
        derivedKey(environment, 'openbao-static-seal', this.cluster.clusterName, staticProps.keyId),
        'base64',
      );
      guest.addFile(secretFile(SEAL_FILES.key, staticProps.key ?? SecretContent.of(derived), USER));
    }
  }

  private addAlertRules(guest: GuestConfig): void {
    const { quorum } = this.cluster.props;
    guest.addAlertRule({
      name: 'VaultSealed',
      expression: 'vault_core_unsealed{job="vault"} == 0',
      for: Duration.minutes(2),
      severity: AlertSeverity.CRITICAL,
      summary: 'Vault on {{ $labels.instance }} is sealed and answers nobody; unseal it.',
    });
    guest.addAlertRule({
      name: 'VaultServersMissing',
      expression: `count(up{job="vault"} == 1) < ${quorum.voters}`,
      for: Duration.minutes(5),
      severity: AlertSeverity.WARNING,
      summary: `Fewer than ${quorum.voters} Vault servers answer; ${quorum.majority} must.`,
    });
  }
}
