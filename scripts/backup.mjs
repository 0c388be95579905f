// `npm run backup`: writes a backup of DATA_DIR to FILE. See docs/backup.md.
import { runOperation } from './operation.mjs';

await runOperation('backup');
