// `npm test`: installs and builds when needed, then runs every test. Arguments go to jest.
import { ensureBuilt, ensureInstalled, run, tool } from './setup.mjs';

ensureInstalled();
await ensureBuilt();
run(tool('jest'), process.argv.slice(2), { env: { ...process.env, NODE_ENV: 'test' } });
