import {
  TerraformResource,
  type ITerraformDependable,
  type TerraformProvider,
  type TerraformResourceLifecycle,
  type TerraformStack,
} from 'cdktf';
import type { Construct } from 'constructs';
import { plainCopy } from './plain-copy';

export interface PlainResourceConfig {
  /** For example `libvirt_volume`. */
  readonly type: string;
  /** Local name of the provider. */
  readonly providerName: string;
  readonly provider?: TerraformProvider;
  readonly lifecycle?: TerraformResourceLifecycle;
  readonly dependsOn?: ITerraformDependable[];
}

/** What `CloudlessStack` does for resources that need nothing of cdktf. */
interface PlainStack {
  readonly isPreparing: boolean;
  giveResource(slot: { readonly type: string; readonly name: string }, attributes: object): boolean;
}

/** Arguments of a lifecycle that hold no references, as Terraform names them. */
const LIFECYCLE: Readonly<Record<string, string>> = {
  createBeforeDestroy: 'create_before_destroy',
  preventDestroy: 'prevent_destroy',
  ignoreChanges: 'ignore_changes',
  replaceTriggeredBy: 'replace_triggered_by',
};

/**
 * A resource whose attributes are given as Terraform's JSON has them. For kinds that come by the thousand: the
 * generated classes make an object for each attribute that could be, and cdktf's `terraform_data` runs
 * `terraform version` for each resource at every synth. What is emitted is the same; a test holds it against the schema.
 */
export class PlainResource extends TerraformResource {
  private imported = false;

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
    if (this.isChanged) return super.toTerraform() as object;
    const stack = this.cdktfStack as TerraformStack & Partial<PlainStack>;
    // cdktf goes through everything once beforehand, to find references to other stacks: here are none.
    if (stack.isPreparing) return {};
    const slot = { type: this.terraformResourceType, name: this.friendlyUniqueId };
    const written = this.asWritten();
    return written && stack.giveResource?.(slot, written) ? {} : (super.toTerraform() as object);
  }

  override toMetadata(): object {
    return this.isChanged ? (super.toMetadata() as object) : {};
  }

  override importFrom(id: string, provider?: TerraformProvider): void {
    this.imported = true;
    super.importFrom(id, provider);
  }

  /** True when it has more to it than attributes, a provider and a lifecycle, for example overrides by a user. */
  private get isChanged(): boolean {
    return (
      this.imported ||
      Boolean(this.hasResourceMove()) ||
      this.dependsOn !== undefined ||
      this.count !== undefined ||
      this.forEach !== undefined ||
      this.provisioners !== undefined ||
      this.connection !== undefined ||
      Object.keys(this.rawOverrides as object).length > 0
    );
  }

  /** What `super.toTerraform()` comes to; undefined when that takes cdktf. */
  private asWritten(): object | undefined {
    const lifecycle = Object.entries(this.lifecycle ?? {}).filter(([, value]) => value !== undefined);
    if (lifecycle.some(([key]) => LIFECYCLE[key] === undefined)) return undefined;
    return plainCopy({
      ...this.attributes(),
      provider: this.provider?.fqn,
      ...(this.lifecycle && {
        lifecycle: Object.fromEntries(lifecycle.map(([key, value]) => [LIFECYCLE[key], value])),
      }),
      '//': this.constructNodeMetadata as object,
    });
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return this.attributes();
  }
}
