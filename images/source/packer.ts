import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { OperationError, ValidationError } from '../../lib/core/errors';
import { asStep, type Progress } from '../../lib/core/progress';
import type { Size } from '../../lib/core/size';
import type { ImageKind } from '../../catalog/catalog-file';
import { toolEnvironment } from '../build/host-requirements';
import type { BuildTarget } from '../build/make-image';
import type { ImageFile } from '../definition';
import { importImage, type ImportResult } from './import-image';

/** An image that Packer makes: a disk image of somebody else, started, changed from inside, and imported. */
export interface PackerImage {
  readonly name: string;
  readonly version: string;
  readonly kind: ImageKind;
  readonly os: string;
  /** Disk image with cloud-init to start from, qcow2 or raw. */
  readonly base: {
    /** HTTP(S) address or absolute path. */
    readonly from: string;
    /** `sha256:<hex>` or `sha512:<hex>`; Packer checks it. */
    readonly digest: string;
  };
  /** Memory of the machine it is made in. */
  readonly memory: Size;
  /** Size of the disk. */
  readonly diskSize: Size;
  /** @default - KVM where it works, else emulation */
  readonly accelerator?: 'kvm' | 'tcg';
  /** Packages to install, from the mirrors that the base image knows. @default - none */
  readonly packages?: readonly string[];
  readonly files?: readonly ImageFile[];
  /** Shell scripts, run as root, in this order. @default - none */
  readonly scripts?: readonly string[];
}

/** User that Packer logs in as; the last step removes it. */
const USER = 'packer';
/** What QEMU gives its first network card; names differ from image to image. */
const MAC = '52:54:00:12:34:56';
/** Runs last, without single quotes: what the build left, and what must be each machine's own (see seal-rules.ts). */
const SEAL = [
  'cloud-init clean --logs --seed 2>/dev/null || cloud-init clean --logs || true',
  'rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /var/lib/dbus/machine-id /etc/hostname',
  'rm -rf /var/lib/cloud/* /var/log/journal/* /var/log/*.log /var/lib/apt/lists/* /var/cache/apt/*.bin /root/.ssh /tmp/* /tmp/.[!.]* /var/tmp/*',
  'rm -f /etc/sudoers.d/90-cloud-init-users /etc/systemd/network/*cloud-init*',
  ': > /etc/machine-id',
  `userdel --force --remove ${USER} || true`,
  'rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock',
  'sync',
];

/**
 * The template for Packer's qemu builder, as data (JSON templates are read by every Packer).
 *
 * @param directory that Packer writes to and where `seed.img` and the key `packer` lie
 */
export function packerTemplate(image: PackerImage, directory: string): Record<string, unknown> {
  const { base, files = [], packages = [], scripts = [] } = image;
  const sudo = "sudo -n sh -eu '{{ .Path }}'";
  const shell = (...inline: string[]): Record<string, unknown> => ({
    type: 'shell',
    inline,
    inline_shebang: '/bin/sh -eu',
    execute_command: sudo,
  });
  return {
    builders: [
      {
        type: 'qemu',
        vm_name: 'disk.qcow2',
        output_directory: join(directory, 'output'),
        disk_image: true,
        iso_url: base.from,
        iso_checksum: base.digest,
        format: 'qcow2',
        disk_size: `${image.diskSize.toBytes() / 2 ** 20}M`,
        disk_interface: 'virtio',
        net_device: 'virtio-net',
        memory: image.memory.toBytes() / 2 ** 20,
        cpus: 1,
        accelerator: image.accelerator ?? (existsSync('/dev/kvm') ? 'kvm' : 'tcg'),
        headless: true,
        communicator: 'ssh',
        ssh_username: USER,
        ssh_private_key_file: join(directory, 'packer'),
        ssh_timeout: '5m',
        ssh_handshake_attempts: 100,
        boot_wait: '1s',
        // One command: it removes the user that another would log in as. Forced: no service is to write its state again.
        shutdown_command: `sudo -n sh -c '${[...SEAL, 'systemctl poweroff --force'].join('; ')}'`,
        qemuargs: [
          [
            '-drive',
            `file=${join(directory, 'output/disk.qcow2')},if=virtio,cache=unsafe,discard=ignore,format=qcow2`,
          ],
          ['-drive', `file=${join(directory, 'seed.img')},if=virtio,format=raw,readonly=on`],
          ['-display', 'none'],
          ['-serial', `file:${join(directory, 'console')}`],
        ],
      },
    ],
    provisioners: [
      ...(packages.length > 0
        ? [
            shell(
              'apt-get -q update',
              `DEBIAN_FRONTEND=noninteractive apt-get -q -y install ${packages.join(' ')}`,
            ),
          ]
        : []),
      ...files.map(({ path, content, mode = '0644' }) =>
        shell(
          `install -D -m ${mode} /dev/null '${path}'`,
          `printf %s '${Buffer.from(content).toString('base64')}' | base64 -d > '${path}'`,
        ),
      ),
      ...scripts.map((script) => shell(script)),
    ],
  };
}

/**
 * Lets Packer make an image and takes the result into the catalog.
 *
 * @throws OperationError when Packer is not installed, finds the template wrong, or fails
 */
export async function buildWithPacker(
  image: PackerImage,
  progress: Progress,
  workspace: string,
  target?: BuildTarget,
): Promise<ImportResult> {
  const directory = join(workspace, 'packer');
  const template = await preparePacker(image, directory);
  const env = packerEnvironment(directory);
  await asStep(progress, `${image.name}: packer`, (step) =>
    run('packer', ['build', '-color=false', template], {
      env,
      onLine: (line) => step.update(line.replace(/^\s*(==> )?qemu: */, '')),
    }),
  );
  const output = join(directory, 'output');
  const [file] = readdirSync(output).filter((name) => name.startsWith('disk'));
  if (!file) throw new OperationError(`packer ended without an image in ${output}`);
  const { name, version, kind, os } = image;
  const from = join(output, file);
  const digest = Digest.ofFile(from).toString();
  return importImage({ name, version, kind, os, from, digest, source: 'packer' }, progress, target);
}

/** Writes template, key and seed, and lets Packer check the template. @returns the template's path */
export async function preparePacker(image: PackerImage, directory: string): Promise<string> {
  if (!/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(image.base.digest))
    throw new ValidationError(
      `image '${image.name}'`,
      `the base image needs a digest; '${image.base.digest}' is none: write sha256:<64 hex> or sha512:<128 hex>`,
    );
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const env = packerEnvironment(directory);
  const key = join(directory, 'packer');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', USER, '-f', key], { env });
  await writeSeed(directory, (await run('ssh-keygen', ['-y', '-f', key], { env })).stdout.trim());
  const template = join(directory, 'template.json');
  writeFileSync(template, JSON.stringify(packerTemplate(image, directory), null, 2));
  await run('packer', ['validate', template], { env }).catch((error: unknown) => {
    if (String(error).includes('is not installed'))
      throw new OperationError('packer is not installed', 'install it with: apt-get install packer');
    throw error;
  });
  return template;
}

function packerEnvironment(directory: string): NodeJS.ProcessEnv {
  return toolEnvironment({
    CHECKPOINT_DISABLE: '1',
    PACKER_CACHE_DIR: join(directory, 'cache'),
    PACKER_CONFIG: join(directory, 'packerconfig'),
    PACKER_NO_COLOR: '1',
    TMPDIR: directory,
  });
}

/** A NoCloud seed as a FAT file system labelled `cidata`: one user with a key, for as long as the build lasts. */
async function writeSeed(directory: string, publicKey: string): Promise<void> {
  const user = {
    name: USER,
    ssh_authorized_keys: [publicKey],
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    shell: '/bin/sh',
  };
  writeFileSync(join(directory, 'user-data'), `#cloud-config\n${JSON.stringify({ users: [user] })}\n`);
  writeFileSync(join(directory, 'meta-data'), '{"instance-id": "packer", "local-hostname": "packer"}\n');
  writeFileSync(
    join(directory, 'network-config'),
    `{"version": 2, "ethernets": {"lan": {"match": {"macaddress": "${MAC}"}, "dhcp4": true}}}\n`,
  );
  const file = join(directory, 'seed.img');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 20);
  const env = toolEnvironment({ MTOOLS_SKIP_CHECK: '1' });
  await run('mkfs.vfat', ['-n', 'CIDATA', file], { env });
  const documents = ['user-data', 'meta-data', 'network-config'].map((name) => join(directory, name));
  await run('mcopy', ['-i', file, ...documents, '::/'], { env });
}
