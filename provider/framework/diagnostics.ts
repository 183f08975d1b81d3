import type { MessageInputOf } from './protocol/protobuf';
import type { AttributePathMessage, DiagnosticMessage } from './protocol/messages';

/**
 * Where in a configuration something is wrong: attribute names, list indexes, `{ key }` for the element of a
 * map. Terraform cannot point into a set: name the set.
 */
export type AttributePath = readonly (string | number | { readonly key: string })[];

/** What a user is told. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** One line: what is wrong. */
  readonly summary: string;
  /** Where, what was given, which rule, how to fix it. */
  readonly detail: string;
  /** The attribute to point at. @default - the resource as a whole */
  readonly path?: AttributePath;
}

/** An error to be shown to the user as it is. Any other exception is shown as a defect of the provider. */
export class ProviderError extends Error {
  constructor(
    readonly summary: string,
    readonly detail: string = '',
    readonly path?: AttributePath,
  ) {
    super(detail ? `${summary}: ${detail}` : summary);
    this.name = 'ProviderError';
  }
}

/** Collects what the user is to be told about one request. */
export class Diagnostics {
  private readonly collected: Diagnostic[] = [];

  error(summary: string, detail = '', path?: AttributePath): void {
    this.collected.push({ severity: 'error', summary, detail, path });
  }

  warning(summary: string, detail = '', path?: AttributePath): void {
    this.collected.push({ severity: 'warning', summary, detail, path });
  }

  get hasErrors(): boolean {
    return this.collected.some(({ severity }) => severity === 'error');
  }

  get all(): readonly Diagnostic[] {
    return this.collected;
  }

  toMessages(): MessageInputOf<typeof DiagnosticMessage>[] {
    return this.collected.map(({ severity, summary, detail, path }) => ({
      severity: severity === 'error' ? 1 : 2,
      summary,
      detail: path && path.length > 1 ? withPath(detail, path) : detail,
      attribute: path && pathMessage(path),
    }));
  }
}

/** Terraform points at the line of a top-level attribute or of one in a block, and only at the resource for deeper ones. */
function withPath(detail: string, path: AttributePath): string {
  const where = formatPath(path);
  if (detail.includes(where)) return detail;
  return `${detail}${detail ? '\n\n' : ''}At: ${where}`;
}

/** A path as it is written in a configuration: `rule[0].port`, `weights["a"]`. */
export function formatPath(path: AttributePath): string {
  return path
    .map((step, index) => {
      if (typeof step === 'string') return index === 0 ? step : `.${step}`;
      return typeof step === 'number' ? `[${step}]` : `[${JSON.stringify(step.key)}]`;
    })
    .join('');
}

/** The form of an attribute path on the wire. */
export function pathMessage(path: AttributePath): MessageInputOf<typeof AttributePathMessage> {
  return {
    steps: path.map((step) => {
      if (typeof step === 'string') return { attributeName: step };
      return typeof step === 'number' ? { elementKeyInteger: step } : { elementKeyText: step.key };
    }),
  };
}
