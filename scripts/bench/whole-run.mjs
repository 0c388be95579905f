import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRepository } from '../demo/git-repository.mjs';
import { createDeployment, startBenchmarkServer, wholeRun } from './benchmark-server.mjs';
import { median, pairedRatio, spread, timed } from './figures.mjs';
import { bareEnvironment, runToFile } from './processes.mjs';

/** Between two runs: whatever a run leaves to be done afterwards is not the next one's. */
const PAUSE_MS = 400;
const COMMANDS = ['clone', 'init', 'plan', 'show', 'apply'];

/**
 * Runs a configuration through the platform (clone, init, plan, show, apply, approved by itself), and the same
 * commands by hand, in turn; says how much longer the platform takes, and where.
 */
export async function compareRuns({ report, temporary }, { name, files, warmUps, rounds, atMost }) {
  const gitUrl = createRepository(mkdtempSync(join(temporary, 'repository-')), files);
  const server = await startBenchmarkServer(temporary);
  try {
    const bare = [];
    const ours = [];
    for (let round = -warmUps; round < rounds; round++) {
      // Its own for each round: with the state of the round before there would be nothing to apply.
      const deployment = await createDeployment(server.api, gitUrl);
      const bareRound = await bareRun(gitUrl, temporary);
      await sleep(PAUSE_MS);
      const oursRound = await platformRun(server.api, deployment);
      await sleep(PAUSE_MS);
      if (round < 0) continue;
      bare.push(bareRound);
      ours.push(oursRound);
    }
    printTotals(report, name, bare, ours);
    printParts(report, bare, ours);
    const ratio = pairedRatio(totals(ours), totals(bare));
    const leastRatio = Math.min(...totals(ours)) / Math.min(...totals(bare));
    report.line(`least ÷ least, which a busy machine disturbs less: ${leastRatio.toFixed(2)} ×`);
    report.goal('platform ÷ bare', ratio, { atMost, unit: ' ×', digits: 2 });
  } finally {
    await server.stop();
  }
}

const totals = (measured) => measured.map(({ total }) => total);

/** Each command by itself, as a script would do it. */
async function bareRun(gitUrl, temporary) {
  const directory = mkdtempSync(join(temporary, 'bare-'));
  const home = join(directory, 'home');
  const checkout = join(directory, 'checkout');
  const plan = join(directory, 'run.tfplan');
  mkdirSync(home);
  const env = bareEnvironment(home);
  const run = (program, args, cwd) => runToFile(program, args, { cwd, env, output: join(directory, 'output') });
  const parts = {
    clone: () => run('git', ['clone', '--depth', '1', gitUrl, checkout], directory),
    init: () => run('terraform', ['init', '-input=false'], checkout),
    plan: () => run('terraform', ['plan', '-input=false', `-out=${plan}`], checkout),
    show: () => run('terraform', ['show', '-json', plan], checkout),
    apply: () => run('terraform', ['apply', '-input=false', plan], checkout),
  };
  const measured = {};
  const total = await timed(async () => {
    for (const command of COMMANDS) measured[command] = await timed(parts[command]);
  });
  rmSync(directory, { recursive: true });
  return { ...measured, total };
}

/** A run through the API, with the time of each part as the platform recorded it. */
async function platformRun(api, deployment) {
  const { path, ms, endSeenAt, run } = await wholeRun(api, deployment, { auto_approve: true });
  const executions = await api.get(`${path}/executions`);
  const [init, plan, show, apply] = ['init', 'plan', 'show', 'apply'].map((command) => {
    const { started_at: from, ended_at: to } = executions.find((execution) => execution.command === command);
    return { from: Date.parse(from), to: Date.parse(to) };
  });
  const startedAt = Date.parse(run.started_at);
  const completedAt = Date.parse(run.completed_at);
  return {
    total: ms,
    queue: startedAt - Date.parse(run.created_at),
    clone: init.from - startedAt,
    init: init.to - init.from,
    'init → plan': plan.from - init.to,
    plan: plan.to - plan.from,
    'plan → show': show.from - plan.to,
    show: show.to - show.from,
    'show → apply': apply.from - show.to,
    apply: apply.to - apply.from,
    end: completedAt - apply.to,
    'end → reader': endSeenAt - completedAt,
  };
}

function printTotals(report, name, bare, ours) {
  report.table([
    [name, 'ms, median (least–most)', 'rounds'],
    ['bare', spread(totals(bare)), bare.length],
    ['platform', spread(totals(ours)), ours.length],
  ]);
}

function printParts(report, bare, ours) {
  const of = (measured, part) => median(measured.map((round) => round[part]));
  const parts = Object.keys(ours[0]).filter((part) => part !== 'total');
  report.table([
    ['where it goes', 'bare', 'platform', 'more'],
    ...parts.map((part) => {
      const theirs = COMMANDS.includes(part) ? of(bare, part) : 0;
      const more = of(ours, part) - theirs;
      return [part, theirs === 0 ? '' : theirs.toFixed(0), of(ours, part).toFixed(0), `+${more.toFixed(0)}`];
    }),
  ]);
}
