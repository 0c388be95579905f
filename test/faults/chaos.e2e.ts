import { eventually } from '../support/eventually';
import type { DeploymentDriver, RunBody } from '../support/run-driver';
import { FaultRoom, ledgerConfiguration, LINES, type SeenVersion } from './fault-room';

/** `npm run chaos` sets it; by default a few rounds are enough to see that nothing is broken. */
const MINUTES = Number(process.env.CHAOS_MINUTES ?? 0);
const ROUNDS = MINUTES > 0 ? Infinity : 6;
const SEED = Number(process.env.PLOMADA_SEED ?? Date.now() % 100_000);
const VICTIMS = ['server', 'server, twice', 'server and runner', 'runner', 'tool', 'everything'] as const;
type Victim = (typeof VICTIMS)[number];
const FINAL = ['success', 'failed', 'cancelled'];

function randomNumbers(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Kills, at whatever the run is doing just now. */
async function strike(room: FaultRoom, runId: string, victim: Victim): Promise<void> {
  const calls = ['1-apply', '1-plan', '1-init'];
  if (victim.startsWith('server') || victim === 'everything') await room.kill();
  if (victim === 'runner' || victim === 'server and runner') calls.some((call) => room.killRunner(runId, call));
  if (victim === 'everything') calls.some((call) => room.killSession(runId, call));
  if (victim === 'tool') {
    const tool = room.toolOf(runId, '(init|plan|apply)');
    if (tool !== undefined) process.kill(tool, 'SIGKILL');
  }
  if (victim.startsWith('server') || victim === 'everything') await room.start();
  // While it takes up what it finds.
  if (victim === 'server, twice') {
    await room.kill();
    await room.start();
  }
}

/** What must be true of a run after any fault. @throws Error that says what is not */
async function check(
  room: FaultRoom,
  deployment: DeploymentDriver,
  run: RunBody,
  mark: string,
  before: SeenVersion[],
): Promise<void> {
  const applied = room.applied(mark);
  const wrong = (what: string): never => {
    throw new Error(`${what}: run ${run.status} (${run.error_message}), applied ${applied} times`);
  };
  if (applied > 1) wrong('applied twice');
  const versions = await room.versions(deployment);
  const ids = new Set(versions.map(({ id }) => id));
  if (before.some(({ id }) => !ids.has(id))) wrong('a state version is missing');
  if (versions.some(({ serial }, place) => place > 0 && serial >= versions[place - 1]!.serial)) wrong('serials');
  const log = await deployment.log(run.id, 'apply', '?color=false');
  const printed = [...log.matchAll(/numbered (\d+) of/g)].map(([, number]) => Number(number));
  if (printed.some((number, place) => number !== place + 1)) wrong(`the log has gaps: ${printed.join(' ')}`);
  const lock = await room.lock(deployment);
  if (run.status === 'success') {
    if (applied !== 1) wrong('lost apply');
    if ((await room.markInState(deployment)) !== mark) wrong('the state does not have it');
    if (printed.length !== LINES) wrong('the log is cut');
    if (lock !== null) wrong('locked after success');
  } else if (lock !== null && (lock.run_id !== run.id || !run.error_message.includes('still locked'))) {
    wrong('a lock that the run does not tell of');
  }
  await room.nothingIsLeft(run.id);
}

it(
  `kills at random moments (seed ${SEED}): nothing is lost, nothing is done twice`,
  async () => {
    const random = randomNumbers(SEED);
    const tally = new Map<string, number>();
    const room = await FaultRoom.open();
    const end = performance.now() + MINUTES * 60_000;
    let round = 0;
    try {
      const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
      while (round < ROUNDS && (MINUTES === 0 || performance.now() < end)) {
        const mark = `round-${(round += 1)}`;
        const victim = VICTIMS[Math.floor(random() * VICTIMS.length)]!;
        const delayMs = random() * 1_600;
        const before = await room.versions(deployment);
        const { id } = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: mark } });
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const where = `seed ${SEED}, round ${round}, ${victim} after ${Math.round(delayMs)} ms`;
        try {
          const struckIn = (await deployment.get(id)).status;
          await strike(room, id, victim);
          const run = await deployment.reach(id, ...FINAL);
          await check(room, deployment, run, mark, before);
          const what = `${victim} in ${struckIn}: ${run.status}`;
          tally.set(what, (tally.get(what) ?? 0) + 1);
        } catch (error) {
          throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
        }
        // A person has looked.
        if (await room.lock(deployment)) {
          tally.set('locks broken by hand', (tally.get('locks broken by hand') ?? 0) + 1);
          await room.breakLock(deployment);
        }
      }
      // After all of it, a run just works.
      await deployment.apply({ env_vars: { TF_VAR_mark: 'last' } });
      await eventually('the last one', () => room.applied('last') === 1);
    } finally {
      const lines = [...tally].sort().map(([what, count]) => `  ${String(count).padStart(4)}  ${what}`);
      process.stdout.write(`chaos: seed ${SEED}, ${round} rounds\n${lines.join('\n')}\n`);
      await room.close();
    }
  },
  (MINUTES + 3) * 60_000,
);
