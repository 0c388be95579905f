// `npm run doctor`: looks at everything a server needs. See docs/backup.md.
import { runOperation } from './operation.mjs';

await runOperation('doctor');
