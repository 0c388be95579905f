import { join } from 'node:path';
import { Database } from 'sqlite3';
import { eventually } from '../support/eventually';
import { ChaosChecks, chaosConfiguration } from './chaos-checks';
import { STRIKES } from './chaos-strikes';
import { FaultRoom } from './fault-room';
import { LogWitness } from './log-witness';

/** `npm run chaos` sets it; by default a few rounds are enough to see that nothing is broken. */
const MINUTES = Number(process.env.CHAOS_MINUTES ?? 0);
const ROUNDS = MINUTES > 0 ? Infinity : 6;
const SEED = Number(process.env.PLOMADA_SEED ?? Date.now() % 100_000);
const FINAL = ['success', 'failed', 'cancelled'];

function randomNumbers(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

it(
  `kills at random moments (seed ${SEED}): nothing is lost, nothing is done twice`,
  async () => {
    const random = randomNumbers(SEED);
    const names = Object.keys(STRIKES);
    const tally = new Map<string, number>();
    const count = (what: string): unknown => tally.set(what, (tally.get(what) ?? 0) + 1);
    // More than there will be: each version that was acknowledged must be there to the end.
    const room = await FaultRoom.open({ STATE_KEEP_VERSIONS: '100000' });
    const witness = new LogWitness(room.dataDir);
    const end = performance.now() + MINUTES * 60_000;
    let round = 0;
    try {
      const deployment = await room.deploy(chaosConfiguration(room.dataDir));
      const checks = new ChaosChecks(room, deployment, witness);
      while (round < ROUNDS && (MINUTES === 0 || performance.now() < end)) {
        const mark = `round-${(round += 1)}`;
        const name = names[Math.floor(random() * names.length)]!;
        try {
          const struck = await STRIKES[name]!({ room, deployment, mark, random });
          for (const one of struck) {
            const run = await deployment.reach(one.id, ...FINAL);
            await checks.ofRun(run, one);
            count(`${name} in ${one.during}: ${run.status}`);
          }
          await checks.ofVersions();
          await room.nobodyIsLeft();
        } catch (error) {
          throw new Error(`seed ${SEED}, round ${round}, ${name}: ${(error as Error).message}`, { cause: error });
        }
        // A person has looked.
        if (await room.lock(deployment)) {
          count('locks broken by hand');
          await room.breakLock(deployment);
        }
      }
      // After all of it, a run just works, and everything is still there.
      await deployment.apply({ env_vars: { TF_VAR_mark: 'last' } });
      await eventually('the last one', () => room.applied('last') === 1);
      await checks.ofVersions();
      await checks.ofAllVersions();
      await room.kill();
      expect(await problemsOf(join(room.dataDir, 'plomada.db'))).toEqual(['ok']);
      count(`versions of the state, all there: ${checks.versionCount}`);
    } finally {
      const lines = [...tally].sort().map(([what, times]) => `  ${String(times).padStart(4)}  ${what}`);
      process.stdout.write(`chaos: seed ${SEED}, ${round} rounds\n${lines.join('\n')}\n`);
      witness.close();
      await room.close();
    }
  },
  (MINUTES + 3) * 60_000,
);

/** What SQLite finds wrong with a file; `ok` when nothing is. */
function problemsOf(file: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const database = new Database(file);
    database.all<{ integrity_check: string }>('PRAGMA integrity_check', (error, rows) => {
      database.close();
      if (error) reject(error);
      else resolve(rows.map(({ integrity_check: problem }) => problem));
    });
  });
}
