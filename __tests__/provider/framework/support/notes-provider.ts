import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  computed,
  defaulted,
  defineDataSource,
  defineFunction,
  defineProvider,
  defineResource,
  FunctionError,
  isUnknown,
  kinds,
  parameter,
  ProviderError,
  required,
  validators,
} from '../../../../provider/framework';
import type { KnownPlanOf, StateOf } from '../../../../provider/framework';

/** What resources work with: here a folder, elsewhere the client of an API. */
interface Folder {
  readonly path: string;
}

const attributes = {
  name: required(kinds.string, {
    description: 'Name of the note. Changing it replaces the note.',
    requiresReplace: true,
    validate: validators.matches(/^[a-z]+$/, 'it has to be small letters'),
  }),
  text: required(kinds.string, { description: 'What it says.' }),
  author: defaulted(kinds.string, 'unknown', { description: 'Who wrote it. Default: `unknown`.' }),
  sha256: computed(kinds.string, { description: 'Digest of the text.' }),
};
type Note = typeof attributes;

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const fileOf = ({ path }: Folder, name: string) => join(path, `${name}.json`);

async function write(folder: Folder, plan: KnownPlanOf<Note>, signal: AbortSignal): Promise<StateOf<Note>> {
  const { name, text, author } = plan;
  await writeFile(fileOf(folder, name), JSON.stringify({ text, author }), { signal });
  return { name, text, author, sha256: digest(text) };
}

/** Null when there is no such note. Any other error is one: what cannot be read is not gone. */
async function find(folder: Folder, name: string): Promise<StateOf<Note> | null> {
  try {
    const stored: { text: string; author: string } = JSON.parse(await readFile(fileOf(folder, name), 'utf8'));
    const { text, author } = stored;
    return { name, text, author, sha256: digest(text) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const note = defineResource<Note, Folder>({
  typeName: 'notes_note',
  schema: { description: 'A note.', attributes },

  modifyPlan({ planned }) {
    // Known at plan, if the text is: then nobody has to wait for the apply.
    if (!isUnknown(planned.text)) planned.sha256 = digest(planned.text);
  },
  create: (plan, { client, signal }) => write(client, plan, signal),
  read: (state, { client }) => find(client, state.name),
  update: (plan, _prior, { client, signal }) => write(client, plan, signal),
  delete: (state, { client }) => rm(fileOf(client, state.name), { force: true }),

  async importState(id, { client }) {
    const found = await find(client, id);
    if (!found) throw new ProviderError(`There is no note ${id}`, `Looked in ${client.path}.`);
    return found;
  },
});

const text = defineDataSource({
  typeName: 'notes_text',
  schema: {
    description: 'What a note says.',
    attributes: {
      name: required(kinds.string, { description: 'Name of the note.' }),
      text: computed(kinds.string, { description: 'What it says.' }),
    },
  },
  async read({ name }, { client }: { readonly client: Folder }) {
    const found = await find(client, name);
    if (!found) throw new ProviderError(`There is no note ${name}`, '', ['name']);
    return { name, text: found.text };
  },
});

const initials = defineFunction({
  name: 'initials',
  summary: 'First letters of a name',
  description: 'Makes `AL` of `Ada Lovelace`.',
  parameters: [parameter('name', kinds.string, { description: 'Words with spaces between.' })],
  returns: kinds.string,
  run(name) {
    if (name.trim() === '') throw new FunctionError('the name is empty', 0);
    return name
      .trim()
      .split(/\s+/)
      .map((word) => word.charAt(0).toUpperCase())
      .join('');
  },
});

const configuration = {
  path: required(kinds.string, { description: 'Folder of the notes.' }),
};

export const notesProvider = defineProvider<typeof configuration, Folder>({
  address: 'registry.terraform.io/example/notes',
  version: '0.1.0',
  schema: { description: 'Keeps notes in a folder.', attributes: configuration },
  configure({ path }) {
    if (isUnknown(path)) throw new ProviderError('The folder has to be known at plan', '', ['path']);
    return { path };
  },
  resources: [note],
  dataSources: [text],
  functions: [initials],
});
