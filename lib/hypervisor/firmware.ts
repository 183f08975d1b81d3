import { ValidationError } from '../core/errors';

export interface UefiProps {
  /**
   * Path of the firmware's code on the hypervisor.
   * @default /usr/share/OVMF/OVMF_CODE.fd, as the Debian package `ovmf` has it
   */
  readonly code?: string;
  /**
   * Path of the empty variable store on the hypervisor, which each machine gets a copy of.
   * @default /usr/share/OVMF/OVMF_VARS.fd
   */
  readonly variables?: string;
  /** @default SecureBoot.OFF */
  readonly secureBoot?: SecureBoot;
}

/** Whether a machine starts only what is signed. */
export enum SecureBoot {
  OFF = 'off',
  /** Not supported: it needs the machine type q35 and SMM, which provider libvirt 0.8.3 cannot set. */
  ON = 'on',
}

/** What the machines of a hypervisor start from. */
export class Firmware {
  /** SeaBIOS, which QEMU brings along. */
  static bios(): Firmware {
    return new Firmware();
  }

  /** UEFI (OVMF). @throws ValidationError when a path is not absolute, or for `SecureBoot.ON` */
  static uefi(props: UefiProps = {}): Firmware {
    const { code = '/usr/share/OVMF/OVMF_CODE.fd', variables = '/usr/share/OVMF/OVMF_VARS.fd' } = props;
    const problems = [code, variables]
      .filter((path) => !/^\/[\w./-]+$/.test(path))
      .map((path) => `firmware '${path}' is no absolute path of a file on the hypervisor`);
    if (props.secureBoot === SecureBoot.ON)
      problems.push(
        'secure boot needs the machine type q35 with SMM, which provider libvirt 0.8.3 cannot set; leave it off',
      );
    if (problems.length) throw new ValidationError('', problems);
    return new Firmware(code, variables);
  }

  private constructor(
    /** Path of the code on the hypervisor; none for BIOS. */
    readonly code?: string,
    readonly variables?: string,
  ) {}
}
