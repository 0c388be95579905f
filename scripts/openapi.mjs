// `npm run openapi`: writes openapi.json from the code.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ROOT } from './setup.mjs';

ensureInstalled();
await ensureBuilt();
const { describeApi } = createRequire(import.meta.url)(join(ROOT, 'dist', 'src', 'openapi', 'describe-api.js'));
writeFileSync(join(ROOT, 'openapi.json'), `${JSON.stringify(await describeApi(), null, 2)}\n`);
console.log('Wrote openapi.json.');
process.exit(0);
