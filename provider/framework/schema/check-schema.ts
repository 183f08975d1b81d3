/** Mistakes in a schema, which Terraform would answer with words about its own insides. */
import type { Attributes, Kind } from './attribute';

/** What stands in a block already: arguments that Terraform itself understands. */
export const RESERVED = {
  provider: ['alias', 'version'],
  resource: ['connection', 'count', 'depends_on', 'for_each', 'lifecycle', 'provider', 'provisioner'],
};

interface Place {
  /** Inside a nested attribute, where no block can be. */
  readonly inAttribute?: boolean;
  /** Inside a set, whose elements Terraform compares as a whole. */
  readonly inSet?: boolean;
}

/** What is wrong with the attributes; each line begins with the name. */
export function problemsOfSchema(
  attributes: Attributes,
  reserved: readonly string[] = [],
  place: Place = {},
): string[] {
  return Object.entries(attributes).flatMap(([name, { kind, mode, default: usual }]) => {
    const found: string[] = [];
    const isBlock = mode === 'block' || mode === 'optional-block';
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) {
      found.push('a name has small letters, digits and underscores, and no digit first');
    }
    if (reserved.includes(name)) found.push('the name belongs to Terraform');
    if (isBlock && place.inAttribute) found.push('a block cannot be in a nested attribute');
    if (mode.endsWith('write-only') && place.inSet) found.push('what is write-only cannot be in a set');
    if (mode === 'defaulted' && usual === undefined) found.push('the default is missing');
    if (hasDynamicElements(kind)) {
      found.push('elements of a collection have one type: make the whole of it dynamic');
    }
    const { nested } = kind;
    const inner = nested
      ? problemsOfSchema(nested.attributes, [], {
          inAttribute: !isBlock,
          inSet: place.inSet || nested.nesting === 'set',
        })
      : [];
    return [...found.map((problem) => `: ${problem}`), ...inner.map((problem) => `.${problem}`)].map(
      (problem) => `${name}${problem}`,
    );
  });
}

function hasDynamicElements({ element, nested }: Kind): boolean {
  if (element) return element.type === 'dynamic' || hasDynamicElements(element);
  if (!nested || nested.nesting === 'single') return false;
  return Object.values(nested.attributes).some(({ kind }) => kind.type === 'dynamic');
}
