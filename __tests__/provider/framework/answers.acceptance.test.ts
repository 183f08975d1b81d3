import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { Shelf } from './support/shelf';
import { shelfProvider } from './support/shelf-provider';

describeWith(['terraform'], 'what the real Terraform is told', () => {
  const shelf = new Shelf();
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await attach(shelfProvider(shelf));
  });
  afterAll(() => workspace.close());
  afterEach(async () => {
    workspace.configure('');
    await workspace.apply();
  });

  async function outputOf(command: string, hcl: string): Promise<string> {
    workspace.configure(hcl);
    const args = command === 'apply' ? ['apply', '-auto-approve'] : [command];
    return flatten((await workspace.terraform(...args, '-no-color')).output);
  }
  const box = (more: string) => `resource "shelf_box" "one" {\n  name = "books"\n${more}\n}\n`;

  describe('data sources', () => {
    test('are read at plan when their configuration is known', async () => {
      shelf.boxes.set('b', {
        name: 'b',
        label: 'hello',
        tags: ['x'],
        weight: null,
        revision: 1,
        secret: null,
      });
      workspace.configure(
        'data "shelf_content" "b" {\n id = "b"\n}\noutput "b" {\n value = data.shelf_content.b\n}\n',
      );
      await workspace.apply();
      const { output } = await workspace.terraform('output', '-json', 'b');
      expect(JSON.parse(output)).toEqual({ id: 'b', label: 'hello', tags: [{ tag: 'x' }] });
      shelf.boxes.delete('b');
      expect(flatten((await workspace.terraform('plan', '-no-color')).output)).toMatch(
        /Error: There is no box b .* 7: id = "b" Look at the shelf\./,
      );
    });

    test('are read at apply when it depends on what is made there', async () => {
      workspace.configure(
        `${box('label = "later"')}data "shelf_content" "b" {\n id = shelf_box.one.id\n}\n` +
          'output "label" {\n value = data.shelf_content.b.label\n}\n',
      );
      workspace.calls.length = 0;
      await workspace.plan();
      expect(workspace.calls).not.toContain('ReadDataSource');
      expect(await workspace.apply()).toContain('label = "later"');
    });
  });

  describe('functions', () => {
    const call = (text: string) => outputOf('apply', `output "it" {\n value = provider::shelf::${text}\n}\n`);

    test('get typed arguments and give typed results', async () => {
      expect(await call('sign(2, "!", "keep", "out")')).toContain('it = "keep out, keep out!"');
      expect(await call('sign(1, null)')).toContain('it = ""');
      expect(await call('measure("2x3").height')).toContain('it = 3');
    });

    test('point at the argument they refuse, a variadic one included', async () => {
      expect(await call('sign(0, null)')).toContain(
        'Invalid value for "times" parameter: it has to be said at least once',
      );
      expect(await call('sign(1, null, "a", "")')).toContain(
        'Invalid value for "words" parameter: a word is empty',
      );
      expect(await call('sign(1.5, null)')).toContain(
        'Invalid value for "times" parameter: 1.5 is not a whole number',
      );
    });

    test('that fail for another reason say so without a stack', async () => {
      const output = await call('measure("two")');
      expect(output).toContain('split failed');
      expect(output).not.toContain('.ts:');
    });
  });

  describe('validators', () => {
    test('all speak, and point at the line', async () => {
      const output = await outputOf('validate', 'resource "shelf_box" "one" {\n name = "12345678901"\n}\n');
      expect(output).toContain('it has 11 characters; it has to have 1 to 10');
      expect(output).toContain('it has to begin with a letter');
      expect(output).toContain('7: name = "12345678901"');
    });

    test('point at the exact line in a block, and name the place in a nested attribute', async () => {
      expect(await outputOf('validate', box('door {\n width = 1\n}\ndoor {\n width = 500\n}'))).toMatch(
        /12: width = 500 500 is out of range; it has to be 1 to 100 At: door\[1\]\.width/,
      );
      expect(await outputOf('validate', box('places = { home = { floor = 100 } }'))).toContain(
        'At: places["home"].floor',
      );
      expect(await outputOf('validate', box('slots = [{ name = "a", capacity = 1.5 }]'))).toContain(
        '1.5 is not a whole number At: slots[0].capacity',
      );
      expect(await outputOf('validate', box('tags = ["a", null]'))).toContain('An element of tags is null');
    });

    test('of the whole resource speak, too; deprecation is a warning', async () => {
      const output = await outputOf('validate', box('label = "a"\nold_label = "b"'));
      expect(output).toContain('Error: Two labels');
      expect(output).toContain('Warning: "old_label" is deprecated');
      expect(await outputOf('validate', box('old_label = "b"'))).toContain('Success!');
    });
  });

  describe('a defect of the provider', () => {
    const liar = (defect: string, command = 'apply') =>
      outputOf(
        command,
        `resource "shelf_liar" "one" {\n defect = "${defect}"\n list = ["configured"]\n token = var.token\n}\nvariable "token" {
 default = "hunter2"
}
`,
      );

    test('is named when it plans what was not configured', async () => {
      expect(await liar('plan', 'plan')).toContain('The provider planned something else than was configured');
      expect(await liar('plan', 'plan')).toContain(
        'Attribute list: ["configured"] of the configuration is planned as ["planned"].',
      );
    });

    test('is named when it applies what was not planned, and the resource is kept', async () => {
      expect(await liar('apply')).toContain(
        'shelf_liar planned ["configured"] for attribute list and answered with ["applied"]. This is a defect of the provider',
      );
      expect(workspace.state()['shelf_liar.one']).toMatchObject({ status: 'tainted' });
    });

    test('is named without what is sensitive', async () => {
      const output = await liar('sensitive');
      expect(output).toContain('planned a sensitive value for attribute token');
      expect(output).not.toContain('hunter2');
    });

    test('is named when something stays unknown', async () => {
      expect(await liar('unknown')).toContain('shelf_liar left "result" unknown after apply');
    });

    test('that throws is told without a stack', async () => {
      const output = await liar('crash');
      expect(output).toContain('x is not a function This is a defect of the provider.');
      expect(output).not.toContain('.ts:');
      expect(await liar('crash in plan', 'plan')).toContain('x is not a function');
    });
  });
});
