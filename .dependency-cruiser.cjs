/** Who may import whom. `docs/architecture.md` has the table; each rule says why. */
const ROOMS =
  '(deployments|state|variables|modules|providers|signing|sources|artifacts|namespaces|api-keys|audit|git|runner|retention|platform)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle cannot be understood or tested a part at a time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-is-pure',
      comment: 'The rules of the domain run without a framework, a database, a clock or a disk.',
      severity: 'error',
      from: { path: '^src/[^/]+/domain/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^src/[^/]+/domain/',
          '^src/common/(errors|ids|text|secrets|environment|registry/usage)',
          '^runner/protocol/',
          '^node:crypto$',
          '^crypto$',
          '^(node:)?path$',
          '^(node:)?util$',
          'node_modules/semver',
        ],
      },
    },
    {
      name: 'typeorm-in-persistence-only',
      comment: 'The ORM stays behind repositories, so that another one is a change of two folders.',
      severity: 'error',
      from: { pathNot: ['^src/database/', '^src/[^/]+/persistence/', '\\.spec\\.ts$'] },
      to: { path: 'node_modules/typeorm' },
    },
    {
      name: 'persistence-knows-no-room',
      comment: 'Tables of another room are asked for through its door.',
      severity: 'error',
      from: { path: '^src/([^/]+)/persistence/' },
      to: { path: '^src/[^/]+/persistence/', pathNot: '^src/$1/' },
    },
    {
      name: 'rooms-have-one-door',
      comment: 'Another room is entered through its index.ts alone.',
      severity: 'error',
      from: { path: `^src/${ROOMS}/`, pathNot: '\\.spec\\.ts$' },
      to: { path: `^src/${ROOMS}/`, pathNot: ['^src/$1/', '/index\\.ts$', '^src/[^/]+/[^/]+\\.port\\.ts$'] },
    },
    {
      name: 'common-knows-no-room',
      comment: 'What everybody uses must not depend on anybody.',
      severity: 'error',
      from: { path: '^src/(common|database|config|crypto|archives|hcl|live-logs)/' },
      to: { path: `^src/${ROOMS}/` },
    },
    {
      name: 'server-sees-the-protocol-only',
      comment: 'The runner is another program, perhaps on another machine.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^runner/', pathNot: '^runner/protocol/' },
    },
    {
      name: 'runner-stands-alone',
      comment: 'It must start in a tenth of a second and run without the server.',
      severity: 'error',
      from: { path: '^runner/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^src/', 'node_modules/(?!node-pty)'] },
    },
    {
      name: 'controllers-ask-services',
      comment: 'HTTP at the edge; no query and no entity in a controller.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '/persistence/' },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'The container has none.',
      severity: 'error',
      from: { path: '^(src|runner)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/metadata\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
