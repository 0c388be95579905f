// Installs and builds when needed, then runs one operation of src/operations.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ROOT } from './setup.mjs';

export async function runOperation(name) {
  ensureInstalled();
  await ensureBuilt();
  const { runOperation: run } = createRequire(import.meta.url)(join(ROOT, 'dist/src/operations/command-line.js'));
  process.exitCode = await run(name, process.argv.slice(2), process.env);
}
