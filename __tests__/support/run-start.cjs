const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Before every run of the tests: one place below which all of them put what they throw away, removed with the last
 * of them. Being in a pipeline (CI=true) is a case that the tests of it set themselves.
 */
module.exports = async () => {
  const place = mkdtempSync(join(tmpdir(), 'cloudless-tests-'));
  process.env.TMPDIR = place;
  delete process.env.CI;
  process.once('exit', () => rmSync(place, { recursive: true, force: true }));
};
