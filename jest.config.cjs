const { readdirSync, readFileSync, existsSync } = require('node:fs');
const { join } = require('node:path');

// jest can require() an ES module by itself only on Node >= 24.9, so every package that is "type": "module"
// is compiled to CommonJS by swc, like our own sources.
function esmPackages(root) {
  const found = [];
  const look = (name) => {
    const file = join(root, name, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).type === 'module') found.push(name);
  };
  for (const entry of readdirSync(root)) {
    if (entry.startsWith('.')) continue;
    if (entry.startsWith('@')) for (const scoped of readdirSync(join(root, entry))) look(`${entry}/${scoped}`);
    else look(entry);
  }
  return found;
}

const esm = esmPackages(join(__dirname, 'node_modules'));
const common = {
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
};

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 60_000,
  workerIdleMemoryLimit: '900MB',
  projects: [
    {
      ...common,
      displayName: 'unit',
      rootDir: __dirname,
      roots: ['<rootDir>/src', '<rootDir>/runner'],
      testRegex: '\\.spec\\.ts$',
    },
    {
      ...common,
      displayName: 'system',
      rootDir: __dirname,
      roots: ['<rootDir>/test'],
      testRegex: '\\.(e2e|spec)\\.ts$',
    },
  ],
};
