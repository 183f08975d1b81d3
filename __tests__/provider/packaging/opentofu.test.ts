import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { OPENTOFU_VERSION, installOpenTofu, openTofuProgram } from '../../../lab/opentofu/opentofu';
import { platform } from '../../../lab/providers/provider-plugin';

let directory: string;
const before = { PATH: process.env.PATH, CLOUDLESS_CACHE: process.env.CLOUDLESS_CACHE };
const built = () => join(directory, 'cache/opentofu', OPENTOFU_VERSION, platform(), 'tofu');
const program = (file: string) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opentofu-'));
  process.env.PATH = join(directory, 'bin');
  process.env.CLOUDLESS_CACHE = join(directory, 'cache');
});
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  rmSync(directory, { recursive: true, force: true });
});

test('OpenTofu is the one in PATH, else the one that was built', () => {
  mkdirSync(join(directory, 'bin/tofu'), { recursive: true }); // a directory is no program
  expect(openTofuProgram()).toBeUndefined();
  program(built());
  expect(openTofuProgram()).toBe(built());
  rmSync(join(directory, 'bin/tofu'), { recursive: true });
  const inPath = program(join(directory, 'bin/tofu'));
  expect(openTofuProgram()).toBe(inPath);
});

test('nothing is built where it is present', async () => {
  program(built());
  expect(await installOpenTofu()).toBe(built());
});

test('without Go the error says so, and nothing is left half-made', async () => {
  await expect(installOpenTofu()).rejects.toThrow('go: is not installed');
  expect(openTofuProgram()).toBeUndefined();
});

test('the version is the one that its module pins', () => {
  const module = readFileSync(resolve(__dirname, '../../../lab/opentofu/go.mod'), 'utf8');
  expect(module).toContain(`require github.com/opentofu/opentofu v${OPENTOFU_VERSION}\n`);
});
