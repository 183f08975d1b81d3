import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { until } from '../support/processes';
import { shelfSuite } from './support/shelf-suite';

describeWith(['terraform'], 'the life of a resource, under the real Terraform', () => {
  const suite = shelfSuite();
  const { box } = suite;
  const stateText = () => readFileSync(join(suite.workspace.directory, 'terraform.tfstate'), 'utf8');
  const apply = () => suite.workspace.terraform('apply', '-auto-approve', '-no-color');

  describe('import', () => {
    const found = { name: 'books', label: 'x', tags: ['a'], weight: null, revision: 7, secret: null };

    test('takes what exists over, by command and by block', async () => {
      suite.shelf.boxes.set('box-77', { ...found });
      box('label = "x"\ntags = ["a"]');
      expect((await suite.workspace.terraform('import', 'shelf_box.one', 'box-77')).code).toBe(0);
      expect(suite.workspace.state()['shelf_box.one']!.attributes).toMatchObject({
        id: 'box-77',
        revision: 7,
      });
      expect(await suite.workspace.planIsEmpty()).toBe(true);

      suite.shelf.boxes.set('box-78', { ...found, name: 'tools' });
      suite.workspace.configure(
        'resource "shelf_box" "two" {\n name = "tools"\n label = "x"\n tags = ["a"]\n}\n' +
          'import {\n to = shelf_box.two\n id = "box-78"\n}\n' +
          'removed {\n from = shelf_box.one\n lifecycle {\n destroy = false\n}\n}\n',
      );
      expect(await suite.workspace.apply()).toContain('1 imported, 0 added, 0 changed, 0 destroyed');
    });

    test('says plainly what is not there, or cannot be imported', async () => {
      box();
      expect((await suite.workspace.terraform('import', 'shelf_box.one', 'box-1')).output).toContain(
        'There is no box box-1',
      );
      suite.workspace.configure('resource "shelf_crate" "one" {\n name = "x"\n}\n');
      expect((await suite.workspace.terraform('import', 'shelf_crate.one', 'x')).output).toContain(
        'A shelf_crate cannot be imported',
      );
    });
  });

  test('state of another type of resource is taken over by a moved block', async () => {
    box();
    await suite.workspace.apply();
    suite.workspace.configure(
      'resource "shelf_crate" "one" {\n name = "books"\n}\nmoved {\n from = shelf_box.one\n to = shelf_crate.one\n}\n',
    );
    expect(await suite.workspace.apply()).toContain('0 added, 0 changed, 0 destroyed');
    expect(suite.workspace.state()).toEqual({
      'shelf_crate.one': expect.objectContaining({ attributes: { id: 'box-1', name: 'books' } }),
    });
    const [, remembered = ''] = /"private": "([^"]+)"/.exec(stateText()) ?? [];
    expect(JSON.parse(Buffer.from(remembered, 'base64').toString())).toMatchObject({
      made: { by: 'create' },
      was: 'shelf_box',
    });
    suite.workspace.configure(
      'resource "shelf_liar" "one" {\n defect = "none"\n}\nmoved {\n from = shelf_crate.one\n to = shelf_liar.one\n}\n',
    );
    const refused = await suite.workspace.terraform('plan', '-no-color');
    expect(refused.output).toContain('A shelf_crate cannot become a shelf_liar');
  });

  test('state of an old version is brought up through each version between', async () => {
    box('label = "old title"\nsize = 3');
    await suite.workspace.apply();
    const state = JSON.parse(stateText()) as {
      resources: { instances: { schema_version: number; attributes: Record<string, unknown> }[] }[];
    };
    const instance = state.resources[0]!.instances[0]!;
    expect(instance.schema_version).toBe(2);
    const { label, size, ...rest } = instance.attributes;
    instance.schema_version = 0;
    instance.attributes = { ...rest, title: label, amount: size };
    writeFileSync(join(suite.workspace.directory, 'terraform.tfstate'), JSON.stringify(state));
    expect(await suite.workspace.planIsEmpty()).toBe(true);
    box('label = "old title"\nsize = 4');
    await suite.workspace.apply();
    expect(stateText()).toContain('"schema_version": 2');
  });

  test('private data survives, and a replacement hands what was planned to its deleting half', async () => {
    box('label = "a"');
    await suite.workspace.apply();
    box('label = "b"');
    await suite.workspace.apply();
    expect(suite.shelf.events.at(-1)).toBe('update books, made {"by":"create","number":1}');
    box('label = "b"', '"tools"');
    await suite.workspace.apply();
    expect(suite.shelf.events.slice(-2)).toEqual(['delete books, planned after creation', 'create tools']);
    await suite.workspace.terraform('destroy', '-auto-approve');
    expect(suite.shelf.events.at(-1)).toBe('delete tools, planned after undefined');
  });

  test('a planned deletion can be warned of', async () => {
    box('label = "precious"');
    await suite.workspace.apply();
    const { output } = await suite.workspace.terraform('plan', '-destroy', '-no-color');
    expect(output).toContain('Warning: A precious box goes');
  });

  test('what is write-only reaches the provider and is nowhere in state or plan', async () => {
    const config = (secret: string, version: number) =>
      box(`secret = "${secret}"\nsecret_version = ${version}`);
    config('correct horse', 1);
    await suite.workspace.terraform('plan', '-out=one.tfplan');
    expect((await suite.workspace.terraform('show', '-json', 'one.tfplan')).output).toContain(
      '"secret":null',
    );
    await suite.workspace.apply();
    expect(suite.shelf.boxes.get('box-1')!.secret).toBe('correct horse');
    expect(stateText()).not.toContain('correct horse');
    config('battery staple', 1);
    expect(await suite.workspace.planIsEmpty()).toBe(true);
    config('battery staple', 2);
    await suite.workspace.apply();
    expect(suite.shelf.boxes.get('box-1')!.secret).toBe('battery staple');
    expect(stateText()).not.toContain('staple');
  });

  test('an ephemeral resource is opened, renewed, closed, and stored nowhere', async () => {
    suite.shelf.before.set('create', () => wait(2_500));
    suite.workspace.configure(`
ephemeral "shelf_key" "key" {
  box     = "books"
  seconds = 1
}
resource "shelf_box" "one" {
  name   = "books"
  secret = ephemeral.shelf_key.key.value
}
`);
    await suite.workspace.apply();
    expect([...suite.shelf.boxes.values()]).toMatchObject([{ secret: 'secret of books' }]);
    expect(stateText()).not.toContain('secret of books');
    expect(stateText()).not.toContain('"type": "shelf_key"');
    // Once for the plan, once for the apply.
    expect(suite.shelf.events.filter((event) => event.startsWith('open'))).toHaveLength(2);
    expect(suite.shelf.events.filter((event) => event.startsWith('close'))).toHaveLength(2);
    expect(suite.shelf.events).toContain('renew key-N');
    suite.workspace.configure('ephemeral "shelf_key" "key" {\n box = "none"\n}\n');
    expect((await suite.workspace.terraform('plan', '-no-color')).output).toContain(
      'There is no key without a box',
    );
  });

  test('what failed halfway is stored as tainted and replaced next time', async () => {
    box('label = "fragile"');
    const { code, output } = await apply();
    expect(code).toBe(1);
    expect(output).toContain('Error: The box broke');
    expect(output).toMatch(/\d+: label = "fragile"/);
    expect(suite.workspace.state()['shelf_box.one']).toMatchObject({
      status: 'tainted',
      attributes: { id: 'box-1' },
    });
    box('label = "solid"');
    expect(await suite.workspace.apply()).toContain('1 added, 0 changed, 1 destroyed');
    expect([...suite.shelf.boxes.keys()]).toEqual(['box-2']);
  });

  test('Ctrl-C ends an operation that waits, and the next command works', async () => {
    suite.shelf.before.set('create', (signal) => wait(60_000, undefined, { signal }));
    box();
    const { process: terraform, result } = suite.workspace.start('apply', '-auto-approve', '-no-color');
    await until(() => suite.shelf.events.includes('create books'), 'the creation waits');
    terraform.kill('SIGINT');
    const { code, output } = await result;
    expect(code).toBe(1);
    expect(flatten(output)).toContain('Error: Interrupted');
    expect(suite.workspace.calls).toContain('StopProvider');
    suite.shelf.before.set('create', async (signal) => signal.throwIfAborted());
    expect(await suite.workspace.apply()).toContain('1 added');
  });

  test('an operation that takes longer than allowed is ended', async () => {
    suite.shelf.before.set('create', (signal) => wait(60_000, undefined, { signal }));
    box('timeouts = { create = "100ms" }');
    const { code, output } = await apply();
    expect(code).toBe(1);
    expect(flatten(output)).toContain(
      'Error: The time limit for create is over with shelf_box.one, on main.tf line 8, in resource "shelf_box" "one": 8: timeouts = { create = "100ms" } It took longer than 100ms. Set timeouts.create to allow more.',
    );
    box('timeouts = { create = "soon" }');
    expect((await suite.workspace.terraform('validate', '-no-color')).output).toContain(
      "'soon' is no duration",
    );
  });
});
