import { describeWith } from '../support/needs';
import { shelfSuite } from './support/shelf-suite';

describeWith(['terraform'], 'plan rules, as the real Terraform sees them', () => {
  const suite = shelfSuite();
  const { box } = suite;
  const stored = () => suite.workspace.state()['shelf_box.one']!.attributes;
  const planned = async () => (await suite.workspace.plan())['shelf_box.one']!;

  /** Applies and makes sure that nothing is left to do. */
  async function settle(more?: string, name?: string): Promise<void> {
    box(more, name);
    await suite.workspace.apply();
    expect(await suite.workspace.planIsEmpty()).toBe(true);
  }

  test('a new resource has its defaults, and only what the provider decides is known after apply', async () => {
    box('tags = ["b", "a"]');
    const { actions, after, after_unknown: unknown } = await planned();
    expect(actions).toEqual(['create']);
    expect(after).toMatchObject({
      name: 'books',
      color: 'grey',
      tags: ['a', 'b'],
      label: null,
      secret: null,
    });
    expect(unknown).toMatchObject({ id: true, owner: true, revision: true });
    expect(Object.keys(unknown).sort()).toEqual(['door', 'id', 'owner', 'revision', 'sticker', 'tags']);
    await settle('tags = ["b", "a"]');
    expect(stored()).toMatchObject({ id: 'box-1', owner: 'nobody', revision: 1, color: 'grey' });
  });

  test('a change is made in place, and keeps what never changes', async () => {
    await settle('label = "one"');
    box('label = "two"');
    const { actions, after_unknown: unknown } = await planned();
    expect(actions).toEqual(['update']);
    expect(unknown).toMatchObject({ revision: true });
    expect(unknown).not.toHaveProperty('id');
    expect(unknown).not.toHaveProperty('owner');
    await settle('label = "two"');
    expect(stored()).toMatchObject({ id: 'box-1', label: 'two', revision: 2 });
  });

  test('a change of some attributes replaces; another spelling does not', async () => {
    await settle('', '"books"');
    box('', '"BOOKS"');
    expect(await suite.workspace.planIsEmpty()).toBe(true);
    box('', '"tools"');
    const { actions, replace_paths: paths, after_unknown: unknown } = await planned();
    expect({ actions, paths }).toEqual({ actions: ['delete', 'create'], paths: [['name']] });
    expect(unknown).toMatchObject({ id: true, owner: true });
    await settle('', '"tools"');
    expect(suite.shelf.events).toContain('create tools');
    expect(stored().id).toBe('box-2');
  });

  test('a plan modifier decides whether a change replaces', async () => {
    await settle('size = 3');
    box('size = 4');
    expect((await planned()).actions).toEqual(['update']);
    box('size = 2');
    expect(await planned()).toMatchObject({ actions: ['delete', 'create'], replace_paths: [['size']] });
  });

  test('what was changed beside Terraform is put back; what was deleted is made again', async () => {
    await settle('label = "one"');
    suite.shelf.boxes.get('box-1')!.label = 'other';
    expect(await planned()).toMatchObject({
      actions: ['update'],
      before: { label: 'other' },
      after: { label: 'one' },
    });
    await settle('label = "one"');
    expect(suite.shelf.boxes.get('box-1')!.label).toBe('one');
    suite.shelf.boxes.clear();
    expect((await planned()).actions).toEqual(['create']);
  });

  test('an attribute that is taken out becomes null, or what it is by default', async () => {
    await settle('label = "one"\ncolor = "red"\nowner = "me"');
    await settle('');
    expect(stored()).toMatchObject({ label: null, color: 'grey', owner: 'me' });
  });

  test('empty and not set are kept apart, as they were written', async () => {
    await settle('tags = []\nslots = []\nplaces = {}');
    expect(stored()).toMatchObject({ tags: [], slots: [], places: {} });
    suite.shelf.boxes.get('box-1')!.tags = null;
    expect(await suite.workspace.planIsEmpty()).toBe(true);
    await settle('');
    expect(stored()).toMatchObject({ tags: null, slots: null, places: null });
    suite.shelf.boxes.get('box-1')!.tags = [];
    expect(await suite.workspace.planIsEmpty()).toBe(true);
  });

  test('numbers, tuples, objects and values of any type come back without loss', async () => {
    const values = (weight: string, extra: string) =>
      `weight = ${weight}\nextra = ${extra}\npair = ["a", 7]\norigin = { country = "de", zip = 12345 }`;
    await settle(values('9007199254740993', '{ a = 1, b = ["x", true, null] }'));
    expect(suite.shelf.boxes.get('box-1')!.weight).toBe('9007199254740993');
    expect(stored()).toMatchObject({ pair: ['a', 7], origin: { country: 'de', zip: 12345 } });
    expect((stored().extra as { value: unknown }).value).toEqual({ a: 1, b: ['x', true, null] });
    await settle(values('0.1', '"text"'));
    expect(suite.shelf.boxes.get('box-1')!.weight).toBe('0.1');
    await settle(values('1e400', '12345678901234567890123'));
    await settle(values('-0.000000000000000000000001', 'null'));
  });

  describe('nested attributes', () => {
    test('have computed parts, known after apply, and kept where they belong', async () => {
      box('slots = [{ name = "a" }, { name = "b", capacity = 2 }]\nlid = { material = "wood" }');
      expect((await planned()).after_unknown).toMatchObject({
        slots: [
          { serial: true, checked: true },
          { serial: true, checked: true },
        ],
        lid: { hinges: true },
      });
      await settle('slots = [{ name = "a" }, { name = "b", capacity = 2 }]\nlid = { material = "wood" }');
      const slots = stored().slots as { serial: string }[];
      expect(slots).toMatchObject([
        { name: 'a', capacity: 1, checked: 1 },
        { name: 'b', capacity: 2 },
      ]);
      expect(stored().lid).toEqual({ material: 'wood', hinges: 2 });

      const more =
        'slots = [{ name = "a" }, { name = "b", capacity = 3 }, { name = "c" }]\nlid = { material = "wood", hinges = 3 }';
      box(more);
      expect((await planned()).after).toMatchObject({
        slots: [
          { serial: slots[0]!.serial },
          { serial: slots[1]!.serial, capacity: 3 },
          { name: 'c', capacity: 1 },
        ],
      });
      await settle(more);
      expect(stored().slots).toMatchObject([{ checked: 2 }, { checked: 2 }, { checked: 2 }]);
      await settle('slots = [{ name = "b" }]');
      expect(stored()).toMatchObject({ slots: [{ name: 'b', capacity: 1 }], lid: null });
    });

    test('in a set keep what is computed by what is configured, whatever the order', async () => {
      await settle('stamps = [{ text = "x", ink = "red" }, { text = "y" }, { text = "z" }]');
      const serials = new Map(
        (stored().stamps as { text: string; serial: string }[]).map((s) => [s.text, s.serial]),
      );
      const next = 'stamps = [{ text = "z" }, { text = "x", ink = "red" }, { text = "new" }]';
      box(next);
      const after = (await planned()).after!.stamps as { text: string; serial?: string }[];
      expect(after.find(({ text }) => text === 'x')!.serial).toBe(serials.get('x'));
      expect(after.find(({ text }) => text === 'z')!.serial).toBe(serials.get('z'));
      expect(after.find(({ text }) => text === 'new')!.serial).toBeUndefined();
      await settle(next);
    });

    test('in a map keep what is computed by the key; a part can force a replacement', async () => {
      await settle('places = { home = { floor = 1 }, work = { floor = 9 } }\nlid = { material = "wood" }');
      expect(stored().places).toMatchObject({ home: { code: 'home/1' }, work: { code: 'work/9' } });
      box('places = { home = { floor = 2 }, new = { floor = 3 } }\nlid = { material = "wood" }');
      const { after, after_unknown: unknown } = await planned();
      expect(after).toMatchObject({ places: { home: { floor: 2, code: 'home/1' } } });
      expect(unknown).toMatchObject({ places: { home: {}, new: { code: true } } });
      box('lid = { material = "steel" }');
      expect(await planned()).toMatchObject({
        actions: ['delete', 'create'],
        replace_paths: [['lid', 'material']],
      });
    });
  });

  test('another spelling inside of nested values is no change, neither alone nor beside a change', async () => {
    const config = (text: (value: string) => string, more = '') => `
slots = [{ name = "${text('a')}" }]
stamps = [{ text = "${text('x')}" }, { text = "${text('y')}" }${more}]
sticker {
  text = "${text('s')}"
}
`;
    const lower = (text: string) => text.toLowerCase();
    const upper = (text: string) => text.toUpperCase();
    await settle(config(lower));
    const { slots, stamps, sticker } = stored();
    const serialOf = (list: unknown, index: number) => (list as { serial: string }[])[index]!.serial;
    box(`slots = [{ name = "A" }]\nstamps = [{ text = "Y" }, { text = "X" }]\nsticker {\n text = "s"\n}`);
    expect(await suite.workspace.planIsEmpty()).toBe(true);

    await settle(config(upper, ', { text = "new" }'));
    expect(stored()).toMatchObject({
      slots: [{ name: 'a', serial: serialOf(slots, 0) }],
      sticker: [{ text: 's', serial: serialOf(sticker, 0) }],
    });
    const after = stored().stamps as { text: string; serial: string }[];
    expect(after.find(({ text }) => text === 'x')!.serial).toBe(serialOf(stamps, 0));
    await settle('slots = [{ name = "A", capacity = 5 }]');
    expect(stored()).toMatchObject({ slots: [{ name: 'a', capacity: 5, serial: serialOf(slots, 0) }] });
  });

  test('nested blocks have computed parts, and Terraform counts them', async () => {
    const doors = (...widths: number[]) =>
      `${widths.map((width) => `door {\n width = ${width}\n lock {\n keys = 2\n}\n}\n`).join('')}sticker {\n text = "b"\n}\nsticker {\n text = "a"\n}`;
    await settle(doors(10));
    const [before] = stored().door as { handle: string }[];
    expect(stored()).toMatchObject({
      door: [{ width: 10, lock: { keys: 2 } }],
      sticker: [{ text: 'a' }, { text: 'b' }],
    });
    box(doors(11, 12));
    const { after, after_unknown: unknown } = await planned();
    expect(after).toMatchObject({ door: [{ width: 11, handle: before!.handle }, { width: 12 }] });
    expect(unknown).toMatchObject({ door: [{}, { handle: true }] });
    await settle(doors(11, 12));
    await settle('');
    expect(stored()).toMatchObject({ door: [], sticker: [] });
    box(doors(1, 2, 3));
    expect((await suite.workspace.terraform('plan', '-no-color')).output).toContain('Too many door blocks');
  });

  test('what is unknown in the configuration is unknown in the plan, and only that', async () => {
    const config = (known: boolean) => {
      const value = known ? '"t"' : 'terraform_data.later.output';
      suite.workspace.configure(`
resource "terraform_data" "later" {
  input = "t"
}
resource "shelf_box" "one" {
  name   = "books"
  label  = "prefix-\${${value}}"
  tags   = ["a", ${value}]
  extra  = ${value}
  slots  = [{ name = "a" }, { name = ${value} }]
  stamps = [{ text = "a" }, { text = ${value} }]
  places = { home = { floor = 1 }, other = { floor = length(${value}) } }
  dynamic "door" {
    for_each = [${value}]
    content {
      width = length(door.value)
    }
  }
}
`);
    };
    config(false);
    expect((await planned()).after_unknown).toMatchObject({
      label: true,
      tags: [false, true],
      extra: true,
      slots: [{ serial: true }, { name: true }],
      places: { home: { code: true }, other: { floor: true } },
      door: [{ width: true }],
    });
    await suite.workspace.apply();
    expect(await suite.workspace.planIsEmpty()).toBe(true);
    expect(stored()).toMatchObject({
      label: 'prefix-t',
      tags: ['a', 't'],
      slots: [{ name: 'a' }, { name: 't' }],
      door: [{ width: 1 }],
    });
    config(true);
    expect(await suite.workspace.planIsEmpty()).toBe(true);
  });
});
