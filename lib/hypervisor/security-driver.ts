import { ValidationError } from '../core/errors';

/** Security models of libvirt that confine guests (libvirt.org/formatdomain.html, "Security label"). */
type SecurityModel = 'apparmor' | 'selinux';

/**
 * What confines the processes of guests on a hypervisor. libvirt has one security driver for a hypervisor, in its
 * `qemu.conf`; here it is said what each guest wants of it.
 */
export class SecurityDriver {
  /** Whatever the hypervisor's `qemu.conf` says; nothing is written into the domains. */
  static readonly DEFAULT = new SecurityDriver();

  /** AppArmor, in a profile for each guest. Where the hypervisor does not have it, libvirt refuses to make a guest. */
  static readonly APPARMOR = new SecurityDriver('apparmor');

  /** SELinux, in categories for each guest. Where the hypervisor does not have it, libvirt refuses to make a guest. */
  static readonly SELINUX = new SecurityDriver('selinux');

  /**
   * None at all, also where the hypervisor has one: a guest that breaks out of QEMU is held by nothing but QEMU's user.
   *
   * @param reason why that is acceptable here; it is shown wherever the hypervisor is listed
   * @throws ValidationError when no reason is given
   */
  static none(reason: string): SecurityDriver {
    if (reason.trim().length < 10)
      throw new ValidationError(
        '',
        `a hypervisor without security driver needs a reason in words, '${reason}' is none; leave it at SecurityDriver.DEFAULT, or say what confines the guests instead`,
      );
    return new SecurityDriver(undefined, reason);
  }

  private constructor(
    /** The model that guests must have. */
    readonly model?: SecurityModel,
    /** Why there is none. */
    readonly reasonForNone?: string,
  ) {}

  /** What a domain says of it; undefined for nothing. */
  get label(): SecurityModel | 'none' | undefined {
    return this.reasonForNone === undefined ? this.model : 'none';
  }
}
