/** Whether Terraform may destroy something that holds data. */
export enum Protection {
  /** Never: not when its owner is removed from the code, not by `terraform destroy`. */
  RETAIN = 'retain',
  /** It goes when its owner goes. */
  NONE = 'none',
}
