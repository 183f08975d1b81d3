import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');

const docs = (...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, 'provider/docs.mjs'), ...args], { cwd: ROOT, encoding: 'utf8' });

test('the pages of the provider are what its schema and its examples say', () => {
  const { status, stderr } = docs('--check');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('the generator', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'provider-docs-'));
    write('schema.json', JSON.stringify({ provider_schemas: { 'registry.terraform.io/acme/box': SCHEMA } }));
    write('examples/provider/provider.tf', 'provider "box" {}\n');
    write('examples/resources/box_item/resource.tf', 'resource "box_item" "one" {}\n');
    write('examples/resources/box_item/import.sh', "terraform import box_item.one 'one'\n");
    write('examples/data-sources/box_item/data-source.tf', 'data "box_item" "one" {}\n');
    write('examples/ephemeral-resources/box_token/ephemeral-resource.tf', 'ephemeral "box_token" "one" {}\n');
    write('examples/functions/join/function.tf', 'locals { x = provider::box::join("a") }\n');
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const page = (path: string) => readFileSync(join(home, 'docs', path), 'utf8');
  const generate = (...args: string[]) =>
    docs('--schema', join(home, 'schema.json'), '--home', home, ...args);

  test('writes one page for each thing the provider has', () => {
    expect(generate()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(home, 'docs'), { recursive: true }).sort()).toEqual([
      'data-sources',
      'data-sources/item.md',
      'ephemeral-resources',
      'ephemeral-resources/token.md',
      'functions',
      'functions/join.md',
      'index.md',
      'resources',
      'resources/item.md',
    ]);
    expect(page('index.md')).toContain('provider "box" {}');
  });

  test('says of each attribute what it is and whether one must, may or cannot set it', () => {
    generate();
    const text = page('resources/item.md');
    expect(text).toMatch(/^---\npage_title: 'box_item \(Resource\)'/);
    const [required, rest] = text.split('### Required')[1]!.split('### Optional');
    const [optional, readOnly] = rest!.split('### Read-Only');
    expect(required).toContain('- `name` (string) Name of it.');
    expect(optional).toContain('- `secret` (string, sensitive, write-only) Only the server knows.');
    expect(optional).toContain('- `old` (set(string), deprecated) Use `parts`.');
    expect(readOnly).toContain('- `id` (object({ a = number, b = list(string) }))');
  });

  test('describes attributes and blocks inside of others, at any depth', () => {
    generate();
    const text = page('resources/item.md');
    expect(text).toContain('- `parts` (map of objects) What it has. See [below](#nested-schema-for-parts).');
    expect(text).toMatch(/### Nested Schema for `parts`\n\nRequired:\n\n- `size` \(number\) In bytes\./);
    expect(text).toMatch(/### Nested Schema for `parts\.inner`\n\nOptional:\n\n- `x` \(bool\)/);
    expect(text).toContain('- `timeouts` (block) How long. See [below](#nested-schema-for-timeouts).');
    for (const [, link] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(text).toContain(`<a id="${link}"></a>`);
  });

  test('shows the example and how to import', () => {
    generate();
    const text = page('resources/item.md');
    expect(text).toContain('## Example Usage\n\n```terraform\nresource "box_item" "one" {}\n```');
    expect(text).toContain("## Import\n\n```shell\nterraform import box_item.one 'one'\n```");
  });

  test('says of a resource that cannot be imported why', () => {
    rmSync(join(home, 'examples/resources/box_item/import.sh'));
    expect(generate().stderr).toMatch(/import\.sh is missing/);
    write('examples/resources/box_item/import.md', 'It cannot be imported.\n');
    expect(generate()).toMatchObject({ status: 0, stderr: '' });
    expect(page('resources/item.md')).toContain('## Import\n\nIt cannot be imported.');
  });

  test('shows how a function is called', () => {
    generate();
    const text = page('functions/join.md');
    expect(text).toContain('provider::box::join(first string, more list(number)...) string');
    expect(text).toContain('1. `first` (string) Comes first.');
    expect(text).toContain('2. `more` (list(number), any number) All others.');
  });

  test('takes the guide along, with links that lead from its new place', () => {
    write('guide.md', '# Guide\n\nSee [item](docs/resources/item.md).\n');
    expect(generate('--guide', join(home, 'guide.md'))).toMatchObject({ status: 0 });
    expect(page('guides/guide.md')).toContain('See [item](../resources/item.md).');
    expect(page('index.md')).toContain('[guide](guides/guide.md)');
  });

  test('finds pages that are stale, missing or about nothing, and examples that are missing', () => {
    generate();
    expect(generate('--check')).toMatchObject({ status: 0, stderr: '' });
    write('docs/resources/gone.md', '');
    rmSync(join(home, 'docs/functions/join.md'));
    writeFileSync(
      join(home, 'schema.json'),
      readFileSync(join(home, 'schema.json'), 'utf8').replace('of it', 'of all'),
    );
    rmSync(join(home, 'examples/data-sources'), { recursive: true });
    const { status, stderr } = generate('--check');
    expect(status).toBe(1);
    expect(stderr).toMatch(/resources\/item\.md is not what/);
    expect(stderr).toMatch(/functions\/join\.md is not what/);
    expect(stderr).toMatch(/resources\/gone\.md describes nothing/);
    expect(stderr).toMatch(/data-source\.tf is missing/);
  });
});

const SCHEMA = {
  provider: { block: { description: 'Boxes. And more.', attributes: {} } },
  resource_schemas: {
    box_item: {
      block: {
        description: 'An item',
        attributes: {
          name: { type: 'string', required: true, description: 'Name of it.' },
          secret: {
            type: 'string',
            optional: true,
            sensitive: true,
            write_only: true,
            description: 'Only the server knows',
          },
          old: { type: ['set', 'string'], optional: true, deprecated: true, description: 'Use `parts`.' },
          id: { type: ['object', { a: 'number', b: ['list', 'string'] }], computed: true },
          parts: {
            optional: true,
            description: 'What it has.',
            nested_type: {
              nesting_mode: 'map',
              attributes: {
                size: { type: 'number', required: true, description: 'In bytes.' },
                inner: {
                  computed: true,
                  nested_type: {
                    nesting_mode: 'single',
                    attributes: { x: { type: 'bool', optional: true } },
                  },
                },
              },
            },
          },
        },
        block_types: {
          timeouts: {
            nesting_mode: 'single',
            block: {
              description: 'How long.',
              attributes: { create: { type: 'string', optional: true } },
            },
          },
        },
      },
    },
  },
  data_source_schemas: { box_item: { block: { attributes: { name: { type: 'string', required: true } } } } },
  ephemeral_resource_schemas: {
    box_token: { block: { attributes: { token: { type: 'string', computed: true } } } },
  },
  functions: {
    join: {
      summary: 'Joins.',
      description: 'Joins what it is given.',
      return_type: 'string',
      parameters: [{ name: 'first', type: 'string', description: 'Comes first.' }],
      variadic_parameter: { name: 'more', type: ['list', 'number'], description: 'All others.' },
    },
  },
};
