// Preloaded into a Node process: writes, when it exits, the most memory it had, in KiB, to PEAK_MEMORY_FILE.
const { writeFileSync } = require('node:fs');
process.on('exit', () => writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS)));
