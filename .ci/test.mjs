// Runs the given suites one after the other and ends with one line that counts their tests. A suite is a project of
// jest.config.cjs, or a part of one: `acceptance:__tests__/provider`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
mkdirSync('build', { recursive: true });
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
for (const suite of process.argv.slice(2)) {
  const started = Date.now();
  console.log(`\n== ${suite}`);
  if (suite === 'lint') {
    const ok = spawnSync('npm', ['run', '--silent', 'lint'], { stdio: 'inherit' }).status === 0;
    total[ok ? 'passed' : 'failed'] += 1;
  } else {
    const [project, paths] = suite.split(':');
    const report = `build/tests-${[project, ...(paths ? [paths.replace(/.*\//, '')] : [])].join('-')}.json`;
    rmSync(report, { force: true });
    const args = [
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      project,
      ...(paths ? ['--testPathPatterns', paths] : []),
      '--json',
      '--outputFile',
      report,
    ];
    // These wait for Terraform and servers more than they compute.
    if (project === 'acceptance') args.push('--maxWorkers=2');
    // One worker where machines are started: they share two processors with what they test.
    if (project === 'lab' || project === 'e2e') args.push('--runInBand');
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    count(report, status);
  }
  console.log(`== ${suite}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
for (const skip of skips) console.log(`skipped: ${skip}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function count(report, status) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    total.failed += 1; // jest could not even start
    return;
  }
  total.passed += result.numPassedTests;
  total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.skipped += result.numPendingTests;
  if (status !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) total.failed += 1;
  for (const file of result.testResults)
    for (const test of file.assertionResults) if (test.status === 'pending') skips.push(test.fullName);
}
