import {
  TerraformResource,
  type ITerraformDependable,
  type TerraformProvider,
  type TerraformResourceLifecycle,
} from 'cdktf';
import type { Construct } from 'constructs';

export interface PlainResourceConfig {
  /** For example `libvirt_volume`. */
  readonly type: string;
  /** Local name of the provider. */
  readonly providerName: string;
  readonly provider?: TerraformProvider;
  readonly lifecycle?: TerraformResourceLifecycle;
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * A resource whose attributes are given as Terraform's JSON has them. For kinds that come by the thousand: the
 * generated classes make an object for each attribute that could be, and cdktf's `terraform_data` runs
 * `terraform version` for each resource at every synth. What is emitted is the same; a test holds it against the schema.
 */
export class PlainResource extends TerraformResource {
  /** @param attributes called when the stack is written; names of other resources are final then */
  constructor(
    scope: Construct,
    id: string,
    { type, providerName, ...config }: PlainResourceConfig,
    private readonly attributes: () => Record<string, unknown>,
  ) {
    super(scope, id, {
      ...config,
      terraformResourceType: type,
      terraformGeneratorMetadata: { providerName },
    });
  }

  /** Address within its stack; in JSON, Terraform takes it as it is where it asks for a resource. */
  get address(): string {
    return `${this.terraformResourceType}.${this.friendlyUniqueId}`;
  }

  /** Expression for the id that the provider gives it. */
  get idExpression(): string {
    return `\${${this.address}.id}`;
  }

  override toTerraform(): object {
    // cdktf goes through everything once beforehand, to find references to other stacks: here are none.
    const { isPreparing } = this.cdktfStack as { isPreparing?: boolean };
    if (isPreparing && !this.dependsOn?.length && Object.keys(this.rawOverrides).length === 0) return {};
    return super.toTerraform() as object;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return this.attributes();
  }
}
