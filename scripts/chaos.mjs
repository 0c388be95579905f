// `npm run chaos -- [--minutes 10] [--seed S]`: kills servers, runners and tools at random moments, and checks what
// must be true after each (test/faults/chaos.e2e.ts). The same seed kills the same things after the same delays.
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureInstalled, run, tool } from './setup.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
for (const [name, value] of Object.entries(values)) {
  if (!(Number(value) > 0)) {
    console.error(`--${name} must be a number above 0.`);
    process.exit(2);
  }
}
ensureInstalled();
await ensureBuilt();
run(tool('jest'), ['test/faults/chaos.e2e.ts', '--selectProjects', 'system', '-i'], {
  env: {
    ...process.env,
    CHAOS_MINUTES: values.minutes,
    ...(values.seed === undefined ? {} : { PLOMADA_SEED: values.seed }),
  },
});
