import { Document, isScalar, Scalar, visit } from 'yaml';
import { BoundedCache } from '../core/bounded-cache';
import { plainYaml } from './plain-yaml';

/** Made once: it takes longer than a document. */
const { schema: SCHEMA } = new Document(null, {
  version: '1.1',
  // Else the text `<<` would be taken for the key that merges maps.
  customTags: (tags) =>
    tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge'),
});

/**
 * YAML that every reader understands alike, also those of YAML 1.1 as in cloud-init, which takes a bare `yes` for a
 * boolean and `52:54:00:12:34:56` for a number: text is quoted, text of several lines is a literal block. Keys keep
 * their order. Equal input gives equal text.
 */
export function renderYaml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return renderDocument(value);
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  // Machines of a pool have most of their entries in common.
  return entries.length
    ? entries.map(([key, entry]) => renderEntry(key, entry)).join('')
    : renderDocument(value);
}

const RENDERED = new BoundedCache<string>(500);

function renderEntry(key: string, value: unknown): string {
  const plain = plainYaml({ [key]: value });
  if (plain !== undefined) return plain;
  if (typeof value !== 'object' || value === null) return renderDocument({ [key]: value });
  return RENDERED.get(JSON.stringify([key, value]), () => renderDocument({ [key]: value }));
}

/** By the library, which knows all of YAML. */
export function renderDocument(value: unknown): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false, schema: SCHEMA });
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string') return;
      node.type = isBlock(node.value) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}

/** Several lines, none of which a reader of blocks would change: those without a visible start are quoted instead. */
function isBlock(text: string): boolean {
  return text.includes('\n') && /^\S/.test(text) && isYamlText(text);
}

/** True for text that YAML holds as it is: printable, with no line break but `\n` (YAML 1.1 5.1 and 5.4). */
export function isYamlText(text: string): boolean {
  return !/[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|[\u2028\u2029]/u.test(
    text,
  );
}
