import { ValidationError } from '../core/errors';

/** How a hypervisor's libvirt daemon is reached (libvirt: "Connection URIs"). */
export class LibvirtUri {
  /** The system daemon of the machine that Terraform runs on. */
  static local(): LibvirtUri {
    return new LibvirtUri('qemu:///system');
  }

  /** A daemon behind a Unix socket, for example one with a private configuration. */
  static socket(path: string): LibvirtUri {
    if (!path.startsWith('/') || /[?&#\s]/.test(path))
      throw new ValidationError(
        '',
        `libvirt socket '${path}' is no absolute path without blanks, '?', '&' and '#'`,
      );
    return new LibvirtUri(`qemu:///system?socket=${path}`, path);
  }

  /** A URI as libvirt itself writes it: `qemu:///system`, with a socket or without. */
  static fromUri(uri: string): LibvirtUri {
    const socket = /^qemu:\/\/\/system\?socket=(.+)$/.exec(uri)?.[1];
    if (socket !== undefined) return LibvirtUri.socket(socket);
    if (uri === 'qemu:///system') return LibvirtUri.local();
    throw new ValidationError(
      '',
      `libvirt URI '${uri}' is not supported; use 'qemu:///system' or 'qemu:///system?socket=/path'`,
    );
  }

  private constructor(
    private readonly text: string,
    /** Path of the Unix socket, when the daemon is reached through one that is not the default. */
    readonly socketPath?: string,
  ) {}

  toString(): string {
    return this.text;
  }
}
