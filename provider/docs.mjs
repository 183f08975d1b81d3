// Writes the reference pages of each provider in the layout of the Terraform registry, from its stored schema and its
// examples: `node provider/docs.mjs`, after `node provider/schema.mjs`. With --check it only compares, and fails on a
// difference. The hand-written guide, docs/provider-<type>.md, is taken along; nothing else in the folders written here is
// kept. For another provider: --schema FILE --home DIRECTORY [--guide FILE]; the directory holds `examples` and gets `docs`.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { plugins } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the registry calls each part of a provider's schema, and how the examples are named. */
const KINDS = [
  { schema: 'resource_schemas', folder: 'resources', title: 'Resource', example: 'resource.tf' },
  { schema: 'data_source_schemas', folder: 'data-sources', title: 'Data Source', example: 'data-source.tf' },
  {
    schema: 'ephemeral_resource_schemas',
    folder: 'ephemeral-resources',
    title: 'Ephemeral Resource',
    example: 'ephemeral-resource.tf',
  },
];

/** A type as people write it: `string`, `set(string)`, `object({ ttl = number })`. */
export function typeText(type) {
  if (typeof type === 'string') return type;
  const [kind, inner] = type;
  if (kind === 'object') {
    const members = Object.entries(inner).map(([name, each]) => `${name} = ${typeText(each)}`);
    return `object({ ${members.join(', ')} })`;
  }
  if (kind === 'tuple') return `tuple([${inner.map(typeText).join(', ')}])`;
  return `${kind}(${typeText(inner)})`;
}

function sentence({ description = '' }) {
  const text = description.trim();
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}

/** One line of a list of attributes; what has a schema of its own is linked and added to `nested`. */
function attributeLine(name, path, attribute, nested) {
  const { type, nested_type: nestedType, block } = attribute;
  const marks = [];
  if (attribute.sensitive) marks.push('sensitive');
  if (attribute.write_only) marks.push('write-only');
  if (attribute.deprecated) marks.push('deprecated');
  let kind;
  let link = '';
  if (nestedType || block) {
    const full = [...path, name];
    const mode = attribute.nesting_mode ?? nestedType.nesting_mode;
    kind = block ? `${mode} of blocks` : mode === 'single' ? 'object' : `${mode} of objects`;
    if (block && mode === 'single') kind = 'block';
    link = ` See [below](#${anchor(full)}).`;
    nested.push({
      path: full,
      attributes: (block ?? nestedType).attributes ?? {},
      blocks: block?.block_types ?? {},
    });
  } else {
    kind = typeText(type);
  }
  const description = sentence(block ?? attribute) || sentence(attribute);
  return `- \`${name}\` (${[kind, ...marks].join(', ')}) ${description}${link}`.trimEnd();
}

const anchor = (path) => `nested-schema-for-${path.join('-')}`;

/** The attributes of one level, by what a user has to know first: must I, may I, do I get it? */
function attributeLists(attributes, blocks, path, level) {
  const nested = [];
  const groups = { Required: [], Optional: [], 'Read-Only': [] };
  const all = [
    ...Object.entries(attributes),
    ...Object.entries(blocks).map(([name, block]) => [
      name,
      { ...block, required: block.min_items > 0, optional: true },
    ]),
  ];
  for (const [name, attribute] of all.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const group = attribute.required ? 'Required' : attribute.optional ? 'Optional' : 'Read-Only';
    groups[group].push(attributeLine(name, path, attribute, nested));
  }
  const lists = Object.entries(groups)
    .filter(([, lines]) => lines.length > 0)
    .map(([group, lines]) => `${level === 3 ? `### ${group}` : `${group}:`}\n\n${lines.join('\n')}`);
  const below = nested.map(
    ({ path: at, attributes: inner, blocks: innerBlocks }) =>
      `<a id="${anchor(at)}"></a>\n\n### Nested Schema for \`${at.join('.')}\`\n\n${attributeLists(inner, innerBlocks, at, 4)}`,
  );
  return [...lists, ...below].join('\n\n');
}

function page(title, description, sections) {
  const [summary] = description.split(/(?<=\.)\s/);
  const head = [
    '---',
    `page_title: ${JSON.stringify(title)}`,
    'subcategory: ""',
    'description: |-',
    `  ${summary}`,
    '---',
  ];
  return [head.join('\n'), `# ${title}`, description, ...sections].filter(Boolean).join('\n\n') + '\n';
}

const fenced = (language, text) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
const schemaSection = ({ block }) =>
  `## Schema\n\n${attributeLists(block.attributes ?? {}, block.block_types ?? {}, [], 3) || 'It takes no arguments.'}`;

function functionPage(name, definition, providerType, example) {
  const parameters = definition.parameters ?? [];
  const variadic = definition.variadic_parameter;
  const written = [
    ...parameters.map((each) => `${each.name} ${typeText(each.type)}`),
    ...(variadic ? [`${variadic.name} ${typeText(variadic.type)}...`] : []),
  ];
  const parameterLines = [...parameters, ...(variadic ? [variadic] : [])].map(
    (each, index) =>
      `${index + 1}. \`${each.name}\` (${typeText(each.type)}${each === variadic ? ', any number' : ''}${each.is_nullable ? ', may be null' : ''}) ${sentence(each)}`,
  );
  const summary = sentence({ description: definition.summary });
  const description = sentence(definition);
  return page(
    `${name} (Function)`,
    description.startsWith(summary) ? description : `${summary} ${description}`.trim(),
    [
      example && `## Example Usage\n\n${example}`,
      `## Signature\n\n${fenced('text', `provider::${providerType}::${name}(${written.join(', ')}) ${typeText(definition.return_type)}`)}`,
      parameterLines.length > 0 && `## Arguments\n\n${parameterLines.join('\n')}`,
    ],
  );
}

/** The guide with the head that the registry asks for, and its links to the reference as seen from its new place. */
function guidePage(text, reference) {
  const head = ['---', 'page_title: Guide', 'subcategory: ""', '---'].join('\n');
  return `${head}\n\n${text.replaceAll(`](${reference}/`, '](../')}`;
}

/** Pages of a provider by path below its docs, and the examples that are missing. */
function pagesOf(schemaFile, home, guide) {
  const [[address, schema]] = Object.entries(JSON.parse(readFileSync(schemaFile, 'utf8')).provider_schemas);
  const type = address.split('/').pop();
  const missing = [];
  const read = (path, language, needed = true) => {
    const file = join(home, 'examples', path);
    if (existsSync(file)) return fenced(language, readFileSync(file, 'utf8'));
    if (needed) missing.push(relative(root, file));
    return undefined;
  };
  const usage = (path) => {
    const text = read(path, 'terraform');
    return text && `## Example Usage\n\n${text}`;
  };

  const pages = new Map();
  pages.set(
    'index.md',
    page(`${type} Provider`, sentence(schema.provider.block), [
      guide &&
        'Installation, behaviour and what happens when something fails: see the [guide](guides/guide.md).',
      usage('provider/provider.tf'),
      schemaSection(schema.provider),
    ]),
  );
  if (guide)
    pages.set(
      'guides/guide.md',
      guidePage(readFileSync(guide, 'utf8'), relative(dirname(guide), join(home, 'docs'))),
    );
  for (const { schema: part, folder, title, example } of KINDS) {
    for (const [name, definition] of Object.entries(schema[part] ?? {})) {
      // import.md says why one cannot be imported, in the place of import.sh.
      const reason = join(home, 'examples', folder, name, 'import.md');
      const imported =
        folder === 'resources' &&
        (existsSync(reason)
          ? readFileSync(reason, 'utf8').trim()
          : read(`${folder}/${name}/import.sh`, 'shell'));
      const importBlock = imported && read(`${folder}/${name}/import.tf`, 'terraform', false);
      pages.set(
        `${folder}/${name.slice(type.length + 1)}.md`,
        page(`${name} (${title})`, sentence(definition.block), [
          definition.block.deprecated && `~> **Deprecated.** This ${title.toLowerCase()} will be removed.`,
          usage(`${folder}/${name}/${example}`),
          schemaSection(definition),
          imported && ['## Import', imported, importBlock].filter(Boolean).join('\n\n'),
        ]),
      );
    }
  }
  for (const [name, definition] of Object.entries(schema.functions ?? {})) {
    const example = read(`functions/${name}/function.tf`, 'terraform');
    pages.set(`functions/${name}.md`, functionPage(name, definition, type, example));
  }
  return { pages, missing };
}

function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true }).filter((path) => path.endsWith('.md'));
}

async function write({ schemaFile, home, guide }, check) {
  const docs = join(home, 'docs');
  const style = await resolveConfig(fileURLToPath(import.meta.url));
  const { pages, missing } = pagesOf(schemaFile, home, guide);
  const problems = missing.map((file) => `${file} is missing: everything has an example`);
  if (!check) rmSync(docs, { recursive: true, force: true });
  for (const [path, text] of pages) {
    const file = join(docs, path);
    const wanted = await format(text, { ...style, filepath: file });
    if (!check) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, wanted);
    } else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
      problems.push(`${relative(root, file)} is not what the schema and the examples say`);
    }
  }
  for (const path of filesBelow(docs))
    if (!pages.has(path))
      problems.push(`${relative(root, join(docs, path))} describes nothing that there is`);
  if (problems.length === 0) return;
  console.error([...problems, 'run: node provider/schema.mjs && node provider/docs.mjs'].join('\n'));
  process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    check: { type: 'boolean' },
    schema: { type: 'string' },
    home: { type: 'string' },
    guide: { type: 'string' },
  },
});
const targets = values.schema
  ? [
      {
        schemaFile: resolve(values.schema),
        home: resolve(values.home ?? '.'),
        guide: values.guide && resolve(values.guide),
      },
    ]
  : plugins.map(({ address, version, entry }) => {
      const type = address.split('/').pop();
      return {
        schemaFile: join(root, `schemas/${type}@${version}.json`),
        home: dirname(entry),
        guide: join(root, `docs/provider-${type}.md`),
      };
    });
for (const target of targets) await write(target, values.check);
