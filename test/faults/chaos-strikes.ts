import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually';
import { processesOf } from '../support/processes';
import type { DeploymentDriver } from '../support/run-driver';
import { CALLS, type FaultRoom } from './fault-room';

/** One round of the chaos: a run, and what happens to it. */
export interface Round {
  room: FaultRoom;
  deployment: DeploymentDriver;
  /** What the run writes to the ledger; further runs add to it. */
  mark: string;
  /** From 0 to 1. */
  random: () => number;
}

/** A run that was struck. */
export interface Struck {
  id: string;
  mark: string;
  /** What it was doing. */
  during: string;
  /** The fault is one that no run may fail of. */
  mustSucceed: boolean;
}

type Strike = (round: Round) => Promise<Struck[]>;

const begin = async ({ deployment }: Round, mark: string, fields: object = {}): Promise<string> =>
  (await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: mark }, ...fields })).id;

/** Starts a run, waits for some moment of it, and strikes. */
const atSomeMoment =
  (mustSucceed: boolean, strike: (round: Round, id: string) => Promise<unknown>): Strike =>
  async (round) => {
    const id = await begin(round, round.mark);
    await sleep(round.random() * 1_800);
    const during = (await round.deployment.get(id)).status;
    await strike(round, id);
    return [{ id, mark: round.mark, during, mustSucceed }];
  };

const killRunner = (room: FaultRoom, id: string): boolean => CALLS.some((call) => room.killRunner(id, call));

/** False: it had ended by itself. */
function killTool(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

async function freeze(pid: number | undefined, ms: number): Promise<void> {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGSTOP');
    await sleep(ms);
    process.kill(pid, 'SIGCONT');
  } catch {
    // A runner that had just ended.
  }
}

async function restart(room: FaultRoom): Promise<void> {
  await room.kill();
  await room.start();
}

/** Asks for something and kills the server in the middle of it. @returns the status of the answer; null when there was none */
async function ask(round: Round, request: Promise<{ status: number }>, withinMs: number): Promise<number | null> {
  const answer = request.then(
    ({ status }) => status,
    () => null,
  );
  await sleep(round.random() * withinMs);
  await restart(round.room);
  return answer;
}

const approving: Strike = async (round) => {
  const { deployment, mark } = round;
  const id = await begin(round, mark, { auto_approve: false });
  await deployment.reach(id, 'awaiting_approval');
  const answered = await ask(round, deployment.act(id, 'approve', { approved: true }), 25);
  if ((await deployment.get(id)).status === 'awaiting_approval') {
    if (answered !== null) throw new Error(`an approval that was answered with ${answered} is lost`);
    const { status } = await deployment.act(id, 'approve', { approved: true });
    if (status !== 200) throw new Error(`the approval after it: ${status}`);
  }
  return [{ id, mark, during: answered === null ? 'no answer' : 'answered', mustSucceed: true }];
};

const cancelling: Strike = async (round) => {
  const { deployment, mark } = round;
  const id = await begin(round, mark);
  await sleep(round.random() * 1_600);
  const during = (await deployment.get(id)).status;
  await ask(round, deployment.act(id, 'cancel', { force: round.random() < 0.4 }), 25);
  return [{ id, mark, during, mustSucceed: false }];
};

const queued: Strike = async (round) => {
  const marks = ['', '.second', '.third'].map((end) => `${round.mark}${end}`);
  const struck: Struck[] = [];
  for (const mark of marks) struck.push({ id: await begin(round, mark), mark, during: 'queue', mustSucceed: true });
  await sleep(round.random() * 2_500);
  await restart(round.room);
  return struck;
};

const git: Strike = async (round) => {
  const id = await begin(round, round.mark);
  const end = performance.now() + 2_000;
  let struck = 0;
  // A clone of a small repository is over in a moment: no pause between two looks, and the server must not be asked.
  while (struck === 0 && performance.now() < end) {
    for (const { pid } of processesOf(id).filter(({ commandLine }) => /^(\S*\/)?git /.test(commandLine))) {
      if (killTool(pid)) struck += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return [{ id, mark: round.mark, during: struck > 0 ? 'clone' : 'no clone', mustSucceed: false }];
};

/** The state was taken, and its tool may or may not know it. */
const saved: Strike = async (round) => {
  const { room, deployment, mark } = round;
  const before = (await room.versions(deployment))[0]?.id;
  const id = await begin(round, mark);
  await eventually('a new version', async () => (await room.versions(deployment))[0]?.id !== before);
  await sleep(round.random() * 60);
  const during = (await deployment.get(id)).status;
  await restart(room);
  return [{ id, mark, during, mustSucceed: true }];
};

/** What can happen to a run; each is drawn as often as the others. */
export const STRIKES: Readonly<Record<string, Strike>> = {
  server: atSomeMoment(true, ({ room }) => restart(room)),
  'server, twice': atSomeMoment(true, async ({ room }) => {
    await restart(room);
    await restart(room);
  }),
  'server, and again while it starts': atSomeMoment(true, async ({ room, random }) => {
    await room.kill();
    for (let times = 0; times < 2; times++) {
      room.begin();
      await sleep(random() * 1_500);
      await room.kill();
    }
    await room.start();
  }),
  'server and runner': atSomeMoment(true, async ({ room }, id) => {
    await room.kill();
    killRunner(room, id);
    await room.start();
  }),
  runner: atSomeMoment(true, async ({ room }, id) => killRunner(room, id)),
  tool: atSomeMoment(false, async ({ room }, id) => {
    const tool = room.toolOf(id, '(init|plan|apply)');
    if (tool !== undefined) killTool(tool);
  }),
  everything: atSomeMoment(false, async ({ room }, id) => {
    await room.kill();
    CALLS.some((call) => room.killSession(id, call));
    await room.start();
  }),
  'server, gently': atSomeMoment(true, async ({ room }) => {
    await room.kill('SIGTERM');
    await room.start();
  }),
  'server, frozen': atSomeMoment(true, ({ room }) => freeze(room.pid, 2_000)),
  'runner, frozen': atSomeMoment(true, ({ room }, id) => freeze(room.runnerOf(id), 1_500)),
  'server while it approves': approving,
  'server while it cancels': cancelling,
  'server, with two waiting': queued,
  'server after it took the state': saved,
  git,
};
