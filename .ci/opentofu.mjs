// Builds OpenTofu for the provider's tests, unless it is there. A machine that cannot (no Go, no way to its module proxy)
// goes on without: those tests then say that they are skipped.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { installOpenTofu } = require('../dist/lab/opentofu/opentofu.js');
const { terminalProgress } = require('../dist/cli/progress.js');

try {
  await installOpenTofu(terminalProgress());
} catch (error) {
  console.error(`OpenTofu could not be built, its tests are skipped: ${error.message}`);
}
