// Loaded into the runner before its own code: throws where nobody catches, once the runner has begun to work.
const { existsSync } = require('node:fs');

const wait = setInterval(() => {
  if (!existsSync(process.env.CRASH_WHEN)) return;
  clearInterval(wait);
  throw new Error('a fault for the test');
}, 20);
