// `npm run rotate-key`: replaces the encryption key. See docs/backup.md.
import { runOperation } from './operation.mjs';

await runOperation('rotate-key');
