import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { RunnerPool } from './runner-pool';

/** How many processes are kept, and when one is started. What they do is tested with the real runner. */
describe('RunnerPool', () => {
  let started: ChildProcess[];
  let pool: RunnerPool;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    started = [];
  });
  afterEach(() => {
    pool.stop();
    jest.useRealTimers();
    for (const child of started) child.kill('SIGKILL');
  });

  const poolOf = (program: string, atOnce: number): RunnerPool => {
    pool = new RunnerPool(() => {
      const child = spawn(program, ['600'], { stdio: ['pipe', 'pipe', 'ignore'] });
      started.push(child);
      return child;
    }, atOnce);
    return pool;
  };
  const living = (): ChildProcess[] => started.filter(({ killed, exitCode }) => !killed && exitCode === null);

  it('starts one at once and the others in a quiet moment, as many as calls are at work at once', () => {
    poolOf('sleep', 3).prepare();
    expect(started).toHaveLength(1);
    jest.advanceTimersByTime(10_000);
    expect(started).toHaveLength(3);
  });

  it('keeps four at most, and has more only while there are more calls', () => {
    poolOf('sleep', 16).prepare();
    jest.advanceTimersByTime(10_000);
    expect(started).toHaveLength(4);
    const calls = Array.from({ length: 6 }, () => pool.take());
    expect(new Set(calls.map(({ pid }) => pid)).size).toBe(6);
    for (const call of calls) call.release(true);
    expect(living()).toHaveLength(6);
    jest.advanceTimersByTime(10_000);
    expect(living()).toHaveLength(4);
  });

  it('gives a call the one that has waited longest, and none twice', () => {
    poolOf('sleep', 2).prepare();
    jest.advanceTimersByTime(10_000);
    const [first, second] = [pool.take(), pool.take()];
    expect([first.pid, second.pid]).toEqual(started.map(({ pid }) => pid));
    second.release(true);
    first.release(true);
    expect([pool.take().pid, pool.take().pid]).toEqual([second.pid, first.pid]);
  });

  it('ends one that is not as it was before, and replaces it', () => {
    poolOf('sleep', 1).prepare();
    pool.take().release(false);
    expect(living()).toHaveLength(0);
    jest.advanceTimersByTime(10_000);
    expect(started).toHaveLength(2);
    expect(pool.take().pid).toBe(started[1]?.pid);
  });

  it('ends one after a hundred calls', () => {
    poolOf('sleep', 1).prepare();
    for (let calls = 0; calls < 100; calls++) pool.take().release(true);
    expect(started).toHaveLength(1);
    expect(living()).toHaveLength(0);
  });

  it('does not start again and again what ends at once', async () => {
    poolOf('false', 2).prepare();
    await once(started[0]!, 'exit');
    jest.advanceTimersByTime(10_000);
    expect(started).toHaveLength(1);
    // A call shows whether it is still so.
    const call = pool.take();
    expect(await call.end).toEqual({ kind: 'exited', code: 1 });
    expect(started).toHaveLength(2);
  });

  it('ends with the server: those that wait are killed, the others get the end of their stdin', () => {
    poolOf('sleep', 2).prepare();
    jest.advanceTimersByTime(10_000);
    pool.take();
    pool.stop();
    expect(started[0]?.killed).toBe(false);
    expect(started[0]?.stdin?.writableEnded).toBe(true);
    expect(started[1]?.killed).toBe(true);
    jest.advanceTimersByTime(10_000);
    expect(started).toHaveLength(2);
  });
});
