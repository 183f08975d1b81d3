const root = require('../../jest.config.cjs');
const { displayName: _displayName, ...base } = root.projects[0];

/** What `make image-test` runs: every definition is built and booted. Minutes, so it is no part of `make test`. */
module.exports = {
  ...base,
  testRegex: '__tests__/images/.*\\.boot-test\\.ts$',
  testTimeout: root.testTimeout,
};
