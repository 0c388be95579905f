// `npm run check`: format, lint, types, imports and the fast tests.
import { ensureBuilt, ensureInstalled, run, tool } from './setup.mjs';

ensureInstalled();
await ensureBuilt();
run(tool('prettier'), ['--check', '--log-level', 'warn', '.']);
run(tool('eslint'), ['.']);
run(process.execPath, ['node_modules/typescript-native/bin/tsc', '--noEmit', '-p', 'tsconfig.json']);
run(tool('depcruise'), ['--config', '.dependency-cruiser.cjs', 'src', 'runner']);
run(tool('jest'), ['--selectProjects', 'unit'], { env: { ...process.env, NODE_ENV: 'test' } });
console.log('All checks passed.');
