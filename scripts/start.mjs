// `npm start`: installs and builds when needed, then becomes the server.
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ROOT } from './setup.mjs';

ensureInstalled();
await ensureBuilt();
await import(join(ROOT, 'dist', 'src', 'main.js'));
