import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWithFakeTool } from './fake-tool.mjs';
import { quantile } from './figures.mjs';

/** The server is to be idle again: spare runners are replaced some time after the last call. */
const PAUSE_MS = 1500;
const MOMENTS = ['answer', 'started_at', 'event', 'clone', 'init'];

/** How long it takes on an idle server from the request for a run until the work on it begins. */
export async function run({ report, temporary, isQuick }) {
  const git = makeTellingGit(temporary);
  const { server, deployment } = await startWithFakeTool(temporary, {}, git.directory);
  try {
    const runs = [];
    for (let round = -3; round < (isQuick ? 30 : 120); round++) {
      await sleep(PAUSE_MS);
      const measured = await startRun(server, deployment, git);
      if (round >= 0) runs.push(measured);
    }
    const of = (moment) => runs.map((measured) => measured[moment]);
    const row = (name, moment) => [name, ...[0.5, 0.99, 1].map((share) => quantile(of(moment), share).toFixed(0))];
    report.table([
      [`${runs.length} runs, from the request until`, 'p50 ms', 'p99 ms', 'worst ms'],
      row('the answer', 'answer'),
      row('started_at', 'started_at'),
      row('a reader sees that it is initializing', 'event'),
      row('git of its clone starts', 'clone'),
      row('the first tool (init) starts', 'init'),
    ]);
    const began = runs.map(({ event, clone }) => Math.max(event, clone));
    report.goal('p99 until it is initializing and its clone has begun', quantile(began, 0.99), {
      atMost: 200,
      unit: ' ms',
    });
  } finally {
    await server.stop();
  }
}

/** Milliseconds from the begin of the request, by moment. */
async function startRun({ api }, deployment, git) {
  git.forget();
  const at = {};
  const begin = performance.timeOrigin + performance.now();
  const since = (time) => time - begin;
  const now = () => since(performance.timeOrigin + performance.now());
  const { id } = await api.post(`${deployment}/runs`, { operation: 'plan', env_vars: { BENCH_TELL_START: '1' } });
  at.answer = now();
  const path = `${deployment}/runs/${id}`;
  for await (const { event, data } of api.events(`${path}/stream`)) {
    if (event === 'status' && data.status === 'initializing') {
      at.event = now();
      at.started_at = since(Date.parse(data.started_at));
    }
    if (event === 'end' && data.status !== 'success') throw new Error(`The run is ${data.status}.`);
    if (event === 'end') break;
  }
  at.clone = since(git.firstStart());
  const log = await api.get(`${path}/logs/init`);
  at.init = since(Number(/^started at (\d+)/m.exec(log)?.[1]) / 1000);
  const missing = MOMENTS.find((moment) => !Number.isFinite(at[moment]));
  if (missing !== undefined) throw new Error(`It is not known when "${missing}" was:\n${log}`);
  return at;
}

/** A folder with a `git` that notes when it was started, and is git. */
function makeTellingGit(temporary) {
  const directory = mkdtempSync(join(temporary, 'git-'));
  const notes = join(directory, 'starts');
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const program = join(directory, 'git');
  writeFileSync(program, `#!/bin/sh\ndate +%s%N >> '${notes}'\nexec '${real}' "$@"\n`);
  chmodSync(program, 0o755);
  return {
    directory,
    forget: () => writeFileSync(notes, ''),
    /** In milliseconds since 1970. */
    firstStart: () => Number(readFileSync(notes, 'utf8').split('\n')[0]) / 1e6,
  };
}
