/** Keys that mean nothing but text to any reader, without quotes: not YAML 1.1's words for true, false and null. */
const KEY = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/;
/** Text that stands in quotes as it is. */
const QUOTED = /^[ !#-[\]-~]*$/;
/** Lines that stand in a block as they are, with one line break at the end. */
const BLOCK = /^\S[\t\n\x20-\x7e]*\S\n$/;

/**
 * The YAML of a map as the library `yaml` writes it for us, where that is plain: maps and lists that are not empty, text of
 * ASCII, whole numbers, true and false. The library takes thirty times as long, which shows with a thousand machines.
 *
 * @returns undefined when there is anything else in it
 */
export function plainYaml(map: Readonly<Record<string, unknown>>): string | undefined {
  return mapping(map, '');
}

function mapping(map: Readonly<Record<string, unknown>>, indent: string): string | undefined {
  let text = '';
  for (const key in map) {
    if (!KEY.test(key)) return undefined;
    const value = node(map[key], indent, '\n');
    if (value === undefined) return undefined;
    text += `${indent}${key}:${value}`;
  }
  return text === '' ? undefined : text;
}

function sequence(items: readonly unknown[], indent: string): string | undefined {
  let text = '';
  for (const item of items) {
    const value = node(item, indent, '');
    if (value === undefined) return undefined;
    // The first line of a map or list stands behind the dash.
    text += typeof item === 'object' ? `${indent}- ${value.slice(indent.length + 2)}` : `${indent}-${value}`;
  }
  return text === '' ? undefined : text;
}

/** @param before what stands between a key or dash and a map or list */
function node(value: unknown, indent: string, before: string): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return ` ${value}\n`;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? ` ${value}\n` : undefined;
    case 'string':
      return QUOTED.test(value) ? ` "${value}"\n` : block(value, `${indent}  `);
    case 'object': {
      if (value === null) return undefined;
      const inner = Array.isArray(value)
        ? sequence(value, `${indent}  `)
        : mapping(value as Record<string, unknown>, `${indent}  `);
      return inner === undefined ? undefined : `${before}${inner}`;
    }
    default:
      return undefined;
  }
}

function block(text: string, indent: string): string | undefined {
  return BLOCK.test(text) ? ` |\n${text.replace(/^(?=[^\n])/gm, indent)}` : undefined;
}
