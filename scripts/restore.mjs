// `npm run restore`: makes an empty DATA_DIR out of a backup. See docs/backup.md.
import { runOperation } from './operation.mjs';

await runOperation('restore');
