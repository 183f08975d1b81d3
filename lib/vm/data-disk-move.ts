/** What becomes of the data disks of a machine that goes to another hypervisor. Terraform cannot carry data there. */
export enum DataDiskMove {
  /** The volumes stay where they are, protected; the machine gets new, empty ones. */
  LEAVE = 'leave',
  /**
   * The volumes stay where they are, protected; the machine gets copies that were made by hand beforehand (see
   * docs/placement.md), which Terraform takes over.
   */
  COPIED = 'copied',
}
