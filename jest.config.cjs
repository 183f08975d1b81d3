const base = {
  rootDir: __dirname,
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  moduleNameMapper: { '^(?:\\.\\./)+\\.gen/(.*)$': '<rootDir>/dist/.gen/$1' },
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/', '<rootDir>/build/'],
};
const suite = (displayName, testRegex, more = {}) => ({ ...base, displayName, testRegex, ...more });

/** From cheap to real: values and constructs, the provider against a real server, the lab, the whole site. */
module.exports = {
  globalSetup: '<rootDir>/__tests__/support/run-start.cjs',
  projects: [
    suite('unit', '__tests__/.*(?<!\\.(?:acceptance|lab|e2e))\\.test\\.ts$'),
    suite('acceptance', '__tests__/.*\\.acceptance\\.test\\.ts$'),
    suite('lab', '__tests__/.*\\.lab\\.test\\.ts$'),
    suite('e2e', '__tests__/.*\\.e2e\\.test\\.ts$'),
  ],
  // Long enough for a busy machine: a test that hangs is told by it, a slow one is not punished.
  testTimeout: 120_000,
};
