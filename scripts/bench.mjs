// `npm run bench`: what the platform costs, measured against the same work without it. See docs/bench.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureInstalled } from './setup.mjs';
import { Report } from './bench/report.mjs';

const BENCHMARKS = {
  start: () => import('./bench/start.mjs'),
  'run-tiny': () => import('./bench/run-tiny.mjs'),
  'run-1000': () => import('./bench/run-1000.mjs'),
  'run-start': () => import('./bench/run-start.mjs'),
  'run-50': () => import('./bench/run-50.mjs'),
  'log-latency': () => import('./bench/log-latency.mjs'),
  'waiting-200': () => import('./bench/waiting-200.mjs'),
  lists: () => import('./bench/lists.mjs'),
  http: () => import('./bench/http.mjs'),
  'big-log': () => import('./bench/big-log.mjs'),
  registry: () => import('./bench/registry.mjs'),
  'registry-size': () => import('./bench/registry-size.mjs'),
  'registry-upload': () => import('./bench/registry-upload.mjs'),
  state: () => import('./bench/state.mjs'),
};
const NAMES = Object.keys(BENCHMARKS);

const HELP = `npm run bench                     all benchmarks
npm run bench -- --quick          fewer rounds: about seven minutes, coarser figures
npm run bench -- --only NAME      one of ${NAMES.join(', ')} (may be given more than once)
npm run bench -- --strict         exit status 1 when a goal is missed`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = values.only.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`);
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  ensureInstalled();
  await ensureBuilt();
  const temporary = mkdtempSync(join(tmpdir(), 'plomada-bench-'));
  const forget = () => rmSync(temporary, { recursive: true, force: true });
  process.once('SIGINT', () => {
    forget();
    process.exit(130);
  });
  const report = new Report();
  report.machine();
  const names = options.only.length > 0 ? options.only : NAMES;
  try {
    for (const name of names) {
      const { run } = await BENCHMARKS[name]();
      report.begin(name);
      await run({ report, isQuick: options.quick, temporary });
    }
  } finally {
    forget();
  }
  report.end();
  if (options.strict && report.hasMissed) process.exitCode = 1;
}

await main();
