import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { attach } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { notesProvider } from './support/notes-provider';

const ROOT = resolve(__dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/provider-framework.md'), 'utf8');

/** The first example of a language on the page. */
const example = (language: string) => page.split(`\n\`\`\`${language}\n`)[1]!.split('\n```')[0]!.trim();

test('the example of the page is the provider that is tested', () => {
  const source = readFileSync(join(__dirname, 'support/notes-provider.ts'), 'utf8');
  expect(example('ts')).toBe(source.replaceAll("'../../../../provider/framework'", "'./framework'").trim());
});

describeWith(['terraform'], 'the example of the page', () => {
  test('does what it says: made, settled, imported, refused', async () => {
    const workspace = await attach(notesProvider);
    const todo = join(workspace.directory, 'todo.json');
    try {
      workspace.configure(example('terraform'));
      const planned = (await workspace.plan())['notes_note.todo']!;
      expect(planned.after).toMatchObject({ author: 'AL', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(await workspace.apply()).toContain('text = "write a provider"');
      expect(JSON.parse(readFileSync(todo, 'utf8'))).toEqual({ text: 'write a provider', author: 'AL' });
      expect(await workspace.planIsEmpty()).toBe(true);

      await workspace.terraform('state', 'rm', 'notes_note.todo');
      const imported = await workspace.terraform('import', '-no-color', 'notes_note.todo', 'todo');
      expect(imported).toMatchObject({ code: 0 });
      expect(await workspace.planIsEmpty()).toBe(true);

      workspace.configure(example('terraform').replace('"todo"\n  text', '"To do"\n  text'));
      const { output } = await workspace.terraform('validate', '-no-color');
      expect(output).toContain("'To do' is not possible: it has to be small letters");
      workspace.configure(example('terraform').replace('Ada Lovelace', ' '));
      expect((await workspace.terraform('validate', '-no-color')).output).toContain('the name is empty');
      expect((await workspace.terraform('destroy', '-auto-approve', '-no-color')).code).toBe(1);
    } finally {
      workspace.close();
    }
  });
});
