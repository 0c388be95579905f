import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../setup.mjs';
import { startServer } from '../demo/server-process.mjs';
import { makeFakeTool } from './fake-tool.mjs';
import { median, pairedRatio, spread, timed } from './figures.mjs';
import { childrenOf, memoryOf } from './processes.mjs';

const RUNNER = join(ROOT, 'dist', 'runner', 'iac-runner.js');
const PRELOAD = fileURLToPath(new URL('peak-memory.cjs', import.meta.url));
const IDLE_AFTER_MS = 5000;

/** What it costs to start the runner and the server, and what the server takes when nobody uses it. */
export async function run(context) {
  await measureRunner(context);
  await measureServer(context);
}

async function measureRunner({ report, temporary, isQuick }) {
  const directory = mkdtempSync(join(temporary, 'runner-'));
  const { directory: tools } = makeFakeTool(temporary);
  const request = `${JSON.stringify({ tool: 'terraform', work_dir: directory, command: 'version', tty: false })}\n`;
  const programs = {
    'node -e 0': { args: ['-e', '0'] },
    'iac-runner --version': { args: [RUNNER, '--version'] },
    'iac-runner, refused request': { args: [RUNNER], input: '{}\n', status: 1 },
    'iac-runner, a tool that does nothing': { args: [RUNNER], input: request },
  };
  const env = { PATH: `${tools}:${process.env.PATH}`, HOME: directory };
  const measured = Object.fromEntries(Object.keys(programs).map((name) => [name, { ms: [], peak: [] }]));
  for (let round = -1; round < (isQuick ? 8 : 20); round++) {
    for (const [name, program] of Object.entries(programs)) {
      const ms = await timed(() => start(program, env));
      const peak = await peakMemory(program, env, join(directory, 'peak'));
      if (round >= 0) measured[name].ms.push(ms);
      if (round >= 0) measured[name].peak.push(peak);
    }
  }
  const bare = measured['node -e 0'];
  report.table([
    ['runner', 'ms, median (least–most)', '÷ node', 'peak MiB'],
    ...Object.entries(measured).map(([name, { ms, peak }]) => [
      name,
      spread(ms),
      pairedRatio(ms, bare.ms).toFixed(2),
      median(peak).toFixed(0),
    ]),
  ]);
}

function start({ args, input = '', status = 0 }, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stdin.on('error', () => undefined).end(input);
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === status) resolve();
      else reject(new Error(`node ${args.join(' ')} ended with status ${code}: ${output}`));
    });
  });
}

/** In MiB. Another start than the one that is timed: the preload takes time too. */
async function peakMemory(program, env, file) {
  await start({ ...program, args: ['--require', PRELOAD, ...program.args] }, { ...env, PEAK_MEMORY_FILE: file });
  return Number(readFileSync(file, 'utf8')) / 1024;
}

async function measureServer({ report, temporary, isQuick }) {
  const dataDir = mkdtempSync(join(temporary, 'server-'));
  const first = [];
  const later = [];
  const idle = [];
  const spare = [];
  for (let round = 0; round < (isQuick ? 3 : 6); round++) {
    const isFirst = round === 0;
    const server = await startServer({ dataDir });
    (isFirst ? first : later).push(server.startedInMs);
    if (round < (isQuick ? 1 : 3)) {
      await sleep(IDLE_AFTER_MS);
      idle.push(memoryOf(server.pid).now);
      spare.push(...childrenOf(server.pid).map((pid) => memoryOf(pid).now));
    }
    await server.stop({ forget: false });
  }
  report.table([
    ['server', 'median (least–most)'],
    ['start until it listens, first time', `${spread(first)} ms`],
    ['start until it listens, later', `${spread(later)} ms`],
    [`memory after ${IDLE_AFTER_MS / 1000} s`, `${spread(idle)} MiB`],
    ['memory of each runner that waits', spare.length === 0 ? 'none is running' : `${spread(spare)} MiB`],
  ]);
  report.goal('idle memory', median(idle), { atMost: 150, unit: ' MiB' });
}
