// The arrows of docs/architecture.md: which folder may import which.
const allow = (from, ...to) => ({
  name: `${from}-imports`,
  comment: `${from} may import only: ${[from, ...to].join(', ')}`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: '^(?!node_modules)',
    pathNot: [from, ...to].map((p) => `^${p}(/|\\.ts$|$)`).concat('node_modules'),
    dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-peer'],
  },
});
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'gen-only-through-bindings',
      comment: 'generated bindings are imported by lib/bindings alone',
      severity: 'error',
      from: { pathNot: '^lib/bindings/' },
      to: { path: '\\.gen/' },
    },
    { name: 'lib-is-not-provider', severity: 'error', from: { path: '^lib/' }, to: { path: '^provider/' } },
    {
      name: 'provider-is-not-lib',
      severity: 'error',
      from: { path: '^provider/' },
      to: { path: '^(?!provider/|node_modules)', dependencyTypesNot: ['core', 'npm', 'npm-dev'] },
    },
    allow('lib/core'),
    allow('lib/bindings', 'lib/core', '\\.gen', 'dist/\\.gen'),
    allow('lib/hypervisor', 'lib/core', 'lib/bindings'),
    allow('lib/image', 'lib/core', 'lib/bindings', 'lib/hypervisor', 'lib/storage'),
    allow('lib/network', 'lib/core', 'lib/bindings', 'lib/hypervisor'),
    allow('lib/storage', 'lib/core', 'lib/bindings', 'lib/hypervisor'),
    allow('lib/guest', 'lib/core'),
    allow(
      'lib/vm',
      'lib/core',
      'lib/bindings',
      'lib/hypervisor',
      'lib/image',
      'lib/network',
      'lib/storage',
      'lib/guest',
    ),
    allow('lib/dns', 'lib/core', 'lib/bindings', 'lib/guest', 'lib/vm'),
    allow('lib/monitoring', 'lib/core', 'lib/bindings', 'lib/guest', 'lib/vm'),
    allow('lib/inventory', 'lib/core', 'lib/bindings', 'lib/guest', 'lib/vm'),
    allow('modules', 'lib/core', 'lib/guest'),
    allow('stacks', 'lib', 'modules'),
    allow('images', 'lib/core', 'lib/image'),
    allow('lab', 'lib/core'),
    allow('hosts', 'lib/core'),
    allow('environments', 'lib', 'modules', 'stacks', 'lab/site', 'images'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/(?!\\.gen)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
