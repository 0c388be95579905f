import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRepository } from '../demo/git-repository.mjs';
import { createDeployment, startBenchmarkServer } from './benchmark-server.mjs';
import { median, pairedRatio, spread } from './figures.mjs';
import { bareEnvironment, cpuMsOf, cpuMsOfServer, runToFile } from './processes.mjs';

const RUNS = 50;
/** As `RUNNER_CONCURRENCY` is by default. */
const AT_ONCE = Math.max(2, cpus().length);
const PAUSE_MS = 1500;
const MAIN = 'resource "terraform_data" "one" {\n  input = "one"\n}\n';

/** What a script would do for one run, in a folder of its own. */
const SCRIPT = `set -e
mkdir -p "$1/home"
export HOME="$1/home"
git clone --depth 1 "$GIT_URL" "$1/checkout"
cd "$1/checkout"
terraform init -input=false
terraform plan -input=false -out="$1/run.tfplan"
terraform show -json "$1/run.tfplan"
terraform apply -input=false "$1/run.tfplan"
`;

/** How many small runs end in a second when many are asked for at once, against a script for each under `xargs -P`. */
export async function run({ report, temporary, isQuick }) {
  const gitUrl = createRepository(mkdtempSync(join(temporary, 'repository-')), { 'main.tf': MAIN });
  const server = await startBenchmarkServer(temporary);
  try {
    const bare = [];
    const ours = [];
    for (let round = -1; round < (isQuick ? 1 : 4); round++) {
      const count = round < 0 ? RUNS / 10 : RUNS;
      const deployments = [];
      for (let made = 0; made < count; made++) deployments.push(await createDeployment(server.api, gitUrl));
      await sleep(PAUSE_MS);
      const bareRound = await bareRuns(temporary, gitUrl, count);
      await sleep(PAUSE_MS);
      const oursRound = await platformRuns(server, deployments);
      if (round < 0) continue;
      bare.push(bareRound);
      ours.push(oursRound);
    }
    print(report, bare, ours);
  } finally {
    await server.stop();
  }
}

async function bareRuns(temporary, gitUrl, count) {
  const directory = mkdtempSync(join(temporary, 'bare-'));
  const script = join(directory, 'run.sh');
  writeFileSync(script, SCRIPT);
  const folders = Array.from({ length: count }, (_none, number) => join(directory, `run-${number}`));
  for (const folder of folders) mkdirSync(folder);
  const env = { ...bareEnvironment(directory), GIT_URL: gitUrl };
  const args = ['-P', String(AT_ONCE), '-n', '1', '-a', join(directory, 'folders'), 'sh', script];
  writeFileSync(join(directory, 'folders'), folders.join('\n'));
  const cpuBefore = cpuMsOf(process.pid).children;
  const startedAt = performance.now();
  await runToFile('xargs', args, { cwd: directory, env, output: join(directory, 'output') });
  const ms = performance.now() - startedAt;
  const cpuMs = cpuMsOf(process.pid).children - cpuBefore;
  rmSync(directory, { recursive: true });
  return { perSecond: (count * 1000) / ms, cpuMs: cpuMs / count };
}

async function platformRuns({ api, pid }, deployments) {
  const before = cpuMsOfServer(pid);
  const startedAt = Date.now();
  await Promise.all(deployments.map((deployment) => api.post(`${deployment}/runs`, { auto_approve: true })));
  // The end is as the platform recorded it, so we may look seldom: it would pay for each look.
  while ((await api.get('/api/runs?status=pending&limit=1')).length > 0) await sleep(500);
  const runs = [];
  for (const deployment of deployments) runs.push(await endOf(api, deployment));
  const endedAt = Math.max(...runs.map(({ completed_at: at }) => Date.parse(at)));
  const after = cpuMsOfServer(pid);
  return {
    perSecond: (deployments.length * 1000) / (endedAt - startedAt),
    serverMs: (after.own - before.own) / deployments.length,
    childrenMs: (after.children - before.children) / deployments.length,
  };
}

async function endOf(api, deployment) {
  for (;;) {
    const [last] = await api.get(`${deployment}/runs?limit=1`);
    if (last.status === 'success') return last;
    if (last.status === 'failed') throw new Error(`A run has failed: ${last.error_message}`);
    await sleep(200);
  }
}

function print(report, bare, ours) {
  const rates = (rounds) => rounds.map(({ perSecond }) => perSecond);
  const cpu = (value) => `${value.toFixed(0)} ms`;
  const of = (rounds, field) => median(rounds.map((round) => round[field]));
  report.table([
    [`${RUNS} runs, ${AT_ONCE} at once`, 'runs/s, median (least–most)', 'CPU of a run'],
    ['bare', spread(rates(bare), 2), cpu(of(bare, 'cpuMs'))],
    [
      'platform',
      spread(rates(ours), 2),
      `${cpu(of(ours, 'childrenMs'))}, and ${cpu(of(ours, 'serverMs'))} of the server`,
    ],
  ]);
  const ratio = pairedRatio(rates(ours), rates(bare));
  report.goal('platform ÷ bare', ratio, { atLeast: 0.7, unit: ' ×', digits: 2 });
}
