import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App, LocalBackend, TerraformStack, type IStackSynthesizer, type ISynthesisSession } from 'cdktf';
import type { IConstruct } from 'constructs';
import type { Environment } from './environment';
import { ValidationError } from './errors';
import { linkPlugins } from './plugins';
import { findSecrets } from './secret-scan';

/** A file that a stack carries beside its Terraform JSON. */
export type StackFile =
  | { readonly content: string | Buffer; readonly mode: number }
  /** For files that name their own place: called with the absolute path of the stack's folder. */
  | { readonly render: (folder: string) => string; readonly mode: number }
  /** Large files are linked, not copied, where the file system can. */
  | { readonly linkTo: string };

/** A resource's place in Terraform's JSON. */
interface ResourceSlot {
  readonly type: string;
  readonly name: string;
}

/** What a stack was given past cdktf. */
interface Given {
  readonly resources: (ResourceSlot & { readonly attributes: object })[];
  /** Configurations of each provider. */
  readonly providers: Map<string, object[]>;
}

/** As much of Terraform's JSON as is written here. */
interface TerraformJson {
  resource?: Record<string, Record<string, unknown>>;
  provider?: Record<string, unknown[]>;
}

/**
 * A stack of an environment: one Terraform state, named `<environment>-<id>`.
 *
 * Its state is kept in `state/` beside the output directory until another backend is declared.
 */
export class CloudlessStack extends TerraformStack {
  /** The stack that a construct is part of. */
  static override of(construct: IConstruct): CloudlessStack {
    const stack: TerraformStack = TerraformStack.of(construct);
    if (!isCloudless(stack))
      throw new ValidationError(construct, 'is not part of a CloudlessStack; create it inside one');
    return stack;
  }

  private readonly files = new Map<string, StackFile>();
  private readonly preparations = new Map<string, () => void>();
  private preparing = false;
  /** What was given as it is written, while the stack is turned into JSON. */
  private given?: Given;
  private written?: object;

  constructor(
    readonly environment: Environment,
    id: string,
  ) {
    super(App.of(environment), `${environment.environmentName}-${id}`);
    Object.defineProperty(this, STACK, { value: true });
    // Relative to the stack's own folder: a state path must not depend on where the checkout lies.
    new LocalBackend(this, { path: `../../../state/${this.node.id}.tfstate` });
    this.synthesizer = new FileWritingSynthesizer(this, this.synthesizer, this.files);
  }

  /**
   * Takes a resource as it is to be written, past cdktf, which would go through each of its texts three times to look for
   * references.
   *
   * @returns false when cdktf must see it, because the stack has overrides that may mean it
   */
  giveResource(slot: ResourceSlot, attributes: object): boolean {
    if (!this.given || Object.keys(this.overrides).length > 0) return false;
    this.given.resources.push({ ...slot, attributes });
    return true;
  }

  /**
   * Takes configurations of a provider in the same way.
   *
   * @returns how many there were before, or undefined when cdktf must see them
   */
  giveProviders(type: string, configs: readonly object[]): number | undefined {
    if (!this.given || Object.keys(this.overrides).length > 0) return undefined;
    const before = this.given.providers.get(type) ?? [];
    this.given.providers.set(type, [...before, ...configs]);
    return before.length;
  }

  override toTerraform(): object {
    const given: Given = { resources: [], providers: new Map() };
    this.given = given;
    const json = super.toTerraform() as TerraformJson;
    this.given = undefined;
    for (const { type, name, attributes } of given.resources)
      ((json.resource ??= {})[type] ??= {})[name] = attributes;
    for (const [type, configs] of given.providers)
      (json.provider ??= {})[type] = [...(json.provider[type] ?? []), ...configs];
    this.written = json;
    return json;
  }

  /** What {@link toTerraform} gave last: the content of `cdk.tf.json`. */
  get terraformJson(): object {
    if (this.written) return this.written;
    throw new ValidationError(this, 'can be written as JSON only; unset SYNTH_HCL_OUTPUT');
  }

  /** cdktf keeps them private. */
  private get overrides(): object {
    return (this as unknown as { rawOverrides?: object }).rawOverrides ?? {};
  }

  /**
   * Has something done when the whole app is there, before the stack is written.
   *
   * @param key what is done; a second request with the same key is left out
   */
  prepareOnce(key: string, action: () => void): void {
    if (!this.preparations.has(key)) this.preparations.set(key, action);
  }

  /** True while cdktf looks for references to other stacks. */
  get isPreparing(): boolean {
    return this.preparing;
  }

  override prepareStack(): void {
    for (const action of this.preparations.values()) action();
    this.preparations.clear();
    this.preparing = true;
    super.prepareStack();
    this.preparing = false;
  }

  /**
   * Puts a file into the stack's folder at synth.
   *
   * @param path relative to the folder
   * @returns the same path, to be used in resources: Terraform runs in that folder
   */
  addFile(path: string, file: StackFile): string {
    this.files.set(path, file);
    return path;
  }
}

const STACK = Symbol.for('cloudless/Stack');

function isCloudless(stack: TerraformStack): stack is CloudlessStack {
  return STACK in stack;
}

/** Writes a stack's files and links its provider plugins, after its Terraform JSON. */
class FileWritingSynthesizer implements IStackSynthesizer {
  constructor(
    private readonly stack: CloudlessStack,
    private readonly json: IStackSynthesizer,
    private readonly files: ReadonlyMap<string, StackFile>,
  ) {}

  synthesize(session: ISynthesisSession): void {
    this.json.synthesize(session);
    const folder = join(session.outdir, session.manifest.forStack(this.stack).workingDirectory);
    for (const generated of ['assets', 'inventory'])
      rmSync(join(folder, generated), { recursive: true, force: true });
    mkdirSync(join(session.outdir, '..', 'state'), { recursive: true, mode: 0o700 });
    for (const path of new Set([...this.files.keys()].map((file) => dirname(file))))
      mkdirSync(join(folder, path), { recursive: true });
    for (const [path, file] of this.files) write(resolve(folder), path, file);
    this.refuseSecrets(join(folder, 'cdk.tf.json'));
    linkPlugins(folder, this.stack.terraformJson);
  }

  private refuseSecrets(file: string): void {
    const secrets = findSecrets(this.stack.terraformJson);
    if (secrets.length === 0) return;
    rmSync(file);
    throw new ValidationError(
      this.stack,
      secrets.map(
        (secret) =>
          `${secret}, which would be readable in plans and states; give it through a file of mode 0600 or the environment`,
      ),
    );
  }
}

function write(folder: string, name: string, file: StackFile): void {
  const path = join(folder, name);
  if (!('linkTo' in file)) {
    writeFileSync(path, 'render' in file ? file.render(folder) : file.content, { mode: file.mode });
    return;
  }
  if (existsSync(path) && statSync(path).ino === statSync(file.linkTo).ino) return;
  try {
    linkSync(file.linkTo, path);
  } catch {
    copyFileSync(file.linkTo, path); // another file system
  }
}
