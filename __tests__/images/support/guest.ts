import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../../../lib/core/command';
import { Cidr } from '../../../lib/core/cidr';
import { Fqdn } from '../../../lib/core/fqdn';
import { IpAddress } from '../../../lib/core/ip-address';
import { MacAddress } from '../../../lib/core/mac-address';
import { SiteKey } from '../../../lib/core/site-key';
import { sshHostKey, type SshKeyPair, SshPublicKey } from '../../../lib/core/ssh-key';
import { GuestConfig, renderCloudInit, seedImage, Sudo } from '../../../lib/guest';

/** How the machine is built: the ways in which base images have to boot. */
export interface Hardware {
  readonly machine: 'pc' | 'q35';
  readonly firmware: 'bios' | 'uefi';
  /** Device that the seed is on, or the way that an Ignition configuration comes. */
  readonly seed: 'ide-cd' | 'virtio-blk-pci' | 'fw_cfg';
  /** Format of the image file. @default 'qcow2' */
  readonly format?: string;
}

/** The configuration of the guest in Ignition's words; the same as what the seed says. */
function ignition(authorizedKey: string, hostKey: SshKeyPair): Record<string, unknown> {
  const file = (path: string, content: string, mode = 0o644): Record<string, unknown> => ({
    path,
    mode,
    overwrite: true,
    contents: { source: `data:,${encodeURIComponent(content)}` },
  });
  const network = `[Match]\nMACAddress=${MAC}\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nDNS=10.0.2.3\n`;
  return {
    ignition: { version: '3.3.0' },
    passwd: { users: [{ name: 'ops', sshAuthorizedKeys: [authorizedKey], shell: '/bin/bash' }] },
    storage: {
      files: [
        file('/etc/hostname', 'guest\n'),
        file('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1 guest.lab.internal guest\n'),
        file('/etc/sudoers.d/ops', 'ops ALL=(ALL) NOPASSWD:ALL\n', 0o440),
        file('/etc/systemd/network/10-lan.network', network),
        file('/etc/ssh/ssh_host_ed25519_key', hostKey.privateKey, 0o600),
        file('/etc/example.conf', 'written by the seed\n', 0o640),
      ],
    },
    systemd: {
      units: [
        {
          name: 'first-boot.service',
          enabled: true,
          contents:
            '[Service]\nType=oneshot\nExecStart=/bin/touch /var/lib/first-boot-done\n[Install]\nWantedBy=multi-user.target\n',
        },
      ],
    },
  };
}

const MAC = '52:54:00:12:34:56';
const FQDN = Fqdn.of('guest.lab.internal');

/** A guest under plain QEMU, without libvirt: user networking, its SSH server on a port of the loopback interface. */
export class Guest {
  /** Seconds from power-on to the first login. */
  bootSeconds = 0;

  /** @param configuration for Ignition. @default - the same as the seed */
  static async start(
    image: string,
    directory: string,
    hardware: Hardware,
    configuration?: unknown,
  ): Promise<Guest> {
    mkdirSync(directory, { recursive: true });
    const file = (name: string): string => join(directory, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', file('operator')]);
    const hostKey = sshHostKey(SiteKey.fromBytes(Buffer.alloc(32, 7)), 'test', FQDN);
    const guest = new GuestConfig({ fqdn: FQDN });
    guest.addUser({
      name: 'ops',
      sshAuthorizedKeys: [SshPublicKey.fromFile(file('operator.pub'))],
      sudo: Sudo.PASSWORDLESS,
    });
    guest.addFile({ path: '/etc/example.conf', content: 'written by the seed\n', mode: '0640' });
    guest.addFirstBootCommand('touch /var/lib/first-boot-done');
    const documents = renderCloudInit(guest, {
      hostKey,
      interfaces: [
        {
          name: 'lan',
          macAddress: MacAddress.of(MAC),
          addresses: [
            {
              address: IpAddress.of('10.0.2.15'),
              network: Cidr.of('10.0.2.0/24'),
              gateway: IpAddress.of('10.0.2.2'),
            },
          ],
          nameservers: [IpAddress.of('10.0.2.3')],
        },
      ],
    });
    writeFileSync(file('seed.iso'), seedImage(documents), { mode: 0o600 });
    const authorizedKey = readFileSync(file('operator.pub'), 'utf8').trim();
    writeFileSync(file('config.ign'), JSON.stringify(configuration ?? ignition(authorizedKey, hostKey)));
    writeFileSync(file('known_hosts'), `guest ${hostKey.publicKey.toString()}\n`);
    await run('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      image,
      '-F',
      hardware.format ?? 'qcow2',
      file('root.qcow2'),
      '2G',
    ]);

    const port = await freePort();
    const args = ['-nodefaults', '-no-user-config', '-machine', hardware.machine, '-m', '256', '-smp', '1'];
    const accelerator = ['-accel', 'tcg']; // the slowest case, and the same everywhere
    const disks = [
      ...['-drive', `id=root,if=none,format=qcow2,cache=unsafe,file=${file('root.qcow2')}`],
      ...['-device', 'virtio-blk-pci,drive=root,bootindex=1'],
      ...(hardware.seed === 'fw_cfg'
        ? ['-fw_cfg', `name=opt/com.coreos/config,file=${file('config.ign')}`]
        : [
            ...['-drive', `id=seed,if=none,format=raw,readonly=on,file=${file('seed.iso')}`],
            ...['-device', `${hardware.seed},drive=seed`],
          ]),
    ];
    const network = ['-netdev', `user,id=lan,hostfwd=tcp:127.0.0.1:${port}-:22`];
    const devices = ['-device', `virtio-net-pci,netdev=lan,mac=${MAC}`, '-device', 'virtio-rng-pci'];
    const console = ['-display', 'none', '-serial', `file:${file('console')}`];
    if (hardware.firmware === 'uefi') {
      copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', file('variables.fd'));
      args.push('-drive', 'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd');
      args.push('-drive', `if=pflash,format=raw,file=${file('variables.fd')}`);
    }
    const all = [...args, ...accelerator, ...disks, ...network, ...devices, ...console];
    const process = spawn('qemu-system-x86_64', all, { stdio: ['ignore', 'ignore', 'inherit'] });
    return new Guest(process, port, directory);
  }

  private readonly started = Date.now();

  private constructor(
    private readonly process: ChildProcess,
    private readonly port: number,
    private readonly directory: string,
  ) {}

  /** Waits for the first login. @throws with the end of the serial console when there is none in time */
  async login(seconds: number): Promise<void> {
    for (;;) {
      try {
        await this.ssh('true');
        this.bootSeconds = (Date.now() - this.started) / 1000;
        return;
      } catch (error) {
        if (Date.now() - this.started < seconds * 1000 && this.process.exitCode === null) continue;
        const console = readFileSync(join(this.directory, 'console'), 'latin1').slice(-3000);
        throw new Error(`no login within ${seconds} s: ${(error as Error).message}\n${console}`);
      }
    }
  }

  /** What a command printed that the operator ran, with the host key pinned to the seed's. */
  async ssh(command: string): Promise<string> {
    const file = (name: string): string => join(this.directory, name);
    const options = [
      'BatchMode=yes',
      'ConnectTimeout=5',
      'StrictHostKeyChecking=yes',
      'HostKeyAlias=guest',
    ].concat(`UserKnownHostsFile=${file('known_hosts')}`);
    const args = ['-F', '/dev/null', '-q', '-p', String(this.port), '-i', file('operator')];
    const { stdout } = await run(
      'ssh',
      [...args, ...options.flatMap((option) => ['-o', option]), 'ops@127.0.0.1', command],
      { timeoutMs: 120_000 },
    );
    return stdout;
  }

  /** What the serial console has shown. */
  get console(): string {
    return readFileSync(join(this.directory, 'console'), 'latin1');
  }

  /** Waits until the machine has switched itself off. */
  async off(seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    while (this.process.exitCode === null && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 200));
    if (this.process.exitCode === null)
      throw new Error(`it is still on after ${seconds} s:\n${this.console.slice(-3000)}`);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
