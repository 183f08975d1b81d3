import { ValidationError } from '../core/errors';

/** What confines the guests' processes on a hypervisor, as its `qemu.conf` says (`security_driver`). */
export class SecurityDriver {
  /** What the distribution has set up: AppArmor on Debian, SELinux on Fedora. */
  static readonly DEFAULT = new SecurityDriver();

  /**
   * None at all: a guest that breaks out of QEMU is held by nothing else.
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
    return new SecurityDriver(reason);
  }

  private constructor(
    /** Why there is none. */
    readonly reasonForNone?: string,
  ) {}
}
