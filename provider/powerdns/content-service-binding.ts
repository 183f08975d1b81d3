/** SVCB and HTTPS (RFC 9460): where a service is, and what to know before connecting. */
import {
  base64,
  ContentProblem,
  integer,
  ipv4,
  ipv6,
  name,
  quote,
  parseStrings,
  UINT16,
} from './content-fields';

/** Numbers of the parameters with a name; they stand in their order. */
const KEYS: Readonly<Record<string, number>> = {
  mandatory: 0,
  alpn: 1,
  'no-default-alpn': 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
};

const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s"])+/g;

/** Splits at white space outside quotes. */
function parameters(content: string): string[] {
  if (content.replace(WORD, '').trim() !== '') {
    throw new ContentProblem(`'${content}' has a quote that is not closed`);
  }
  return content.match(WORD) ?? [];
}

function keyNumber(key: string): number {
  const number = KEYS[key] ?? Number(/^key(\d{1,5})$/.exec(key)?.[1] ?? Number.NaN);
  const named = Object.entries(KEYS).find(([word, known]) => known === number && word !== key);
  if (named) throw new ContentProblem(`'${key}' has a name; write '${named[0]}'`);
  if (Number.isNaN(number) || number > UINT16) {
    throw new ContentProblem(
      `'${key}' is no parameter PowerDNS knows; use ${Object.keys(KEYS).join(', ')}, or 'key' and its number, in small letters`,
    );
  }
  return number;
}

const unquoted = (text: string) =>
  text.startsWith('"') ? Buffer.from(parseStrings(text)[0] ?? []).toString('utf8') : text;

function list(key: string, text: string, element: (word: string) => string): string {
  const elements = unquoted(text).split(',');
  if (elements.some((word) => word === '')) throw new ContentProblem(`'${key}' has an empty value`);
  return elements.map(element).join(',');
}

function address(key: string, canonical: (word: string) => string) {
  return (word: string) => {
    if (word === 'auto') {
      throw new ContentProblem(
        `'${key}=auto' is not possible: with LMDB the server cannot read the zone any more (PowerDNS issue 12653); ` +
          'write the addresses',
      );
    }
    return canonical(word);
  };
}

function canonicalValue(key: string, text: string): string {
  switch (key) {
    case 'mandatory':
      return unquoted(text)
        .split(',')
        .map((word) => [keyNumber(word), word] as const)
        .sort(([left], [right]) => left - right)
        .map(([, word]) => word)
        .join(',');
    case 'alpn':
      return list(key, text, (word) => {
        if (/^[A-Za-z0-9._/+-]+$/.test(word)) return word;
        throw new ContentProblem(`'${word}' in alpn has a character that is not possible here`);
      });
    case 'port':
      return integer(unquoted(text), 'the port', UINT16);
    case 'ipv4hint':
      return list(key, text, address(key, ipv4));
    case 'ipv6hint':
      return list(key, text, address(key, ipv6));
    case 'ech':
      return `"${base64([unquoted(text)], 'ech')}"`;
    default:
      return text.startsWith('"')
        ? quote(parseStrings(text)[0] ?? [])
        : quote([...Buffer.from(text, 'utf8')]);
  }
}

/** Priority, target and parameters as the server spells them. @throws ContentProblem, NameProblem */
export function serviceBinding(content: string): string {
  const [priority, target, ...given] = parameters(content.trim());
  if (target === undefined)
    throw new ContentProblem(`'${content}' has to have the form 'PRIORITY NAME. key=value …'`);
  const number = integer(priority, 'the priority', UINT16);
  if (number === '0' && given.length > 0) {
    throw new ContentProblem(`'${content}' is an alias (priority 0), which has no parameters`);
  }
  const seen = new Map<number, string>();
  for (const parameter of given) {
    const [, key = '', text] = /^([^=]*)(?:=(.*))?$/s.exec(parameter) ?? [];
    const position = keyNumber(key);
    if (seen.has(position)) throw new ContentProblem(`'${key}' is given twice`);
    if ((text === undefined || text === '') !== (key === 'no-default-alpn')) {
      throw new ContentProblem(
        key === 'no-default-alpn' ? "'no-default-alpn' has no value" : `'${key}' has no value`,
      );
    }
    seen.set(position, text === undefined ? key : `${key}=${canonicalValue(key, text)}`);
  }
  const sorted = [...seen].sort(([left], [right]) => left - right).map(([, parameter]) => parameter);
  return [number, name(target), ...sorted].join(' ');
}
