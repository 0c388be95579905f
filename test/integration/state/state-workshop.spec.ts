import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DerivedKeys } from '../../../src/crypto/derived-keys';
import { SecretUnreadableError } from '../../../src/crypto/secret-box';
import { NotAStateError } from '../../../src/state/domain/state-document';
import { openState } from '../../../src/state/sealed-state';
import { stateKeyOf } from '../../../src/state/state-cipher';
import { StateThread, ThreadEndedError } from '../../../src/state/work/state-thread';
import type { StateTask } from '../../../src/state/work/state-work';
import { StateWorkshop } from '../../../src/state/work/state-workshop.service';
import { eventually } from '../../support/eventually';

const keys = new DerivedKeys(randomBytes(32));
const key = stateKeyOf(keys);

/** A state of so many bytes, and somewhat more. */
function stateOf(bytes: number, more = {}): Buffer {
  const filler = randomBytes(bytes / 2).toString('hex');
  const outputs = { shown: { value: filler, type: 'string' }, hidden: { value: 'secret', sensitive: true } };
  const resources = [{ mode: 'managed', instances: [{}, {}] }];
  return Buffer.from(JSON.stringify({ version: 4, serial: 3, lineage: 'l', outputs, resources, ...more }));
}

describe.each([
  ['small ones, at once', 1_000, false],
  ['large ones, in a thread', 3_000_000, true],
])('the workshop of states: %s', (_which, bytes, isInThread) => {
  let workshop: StateWorkshop;
  beforeEach(() => (workshop = new StateWorkshop(keys)));
  afterEach(() => workshop.onApplicationShutdown());

  it('admits, rewrites, tells outputs', async () => {
    const state = stateOf(bytes);
    const sent = Buffer.from(state);
    const admitted = await workshop.run({ kind: 'admit', bytes: Buffer.from(state), context: 'a' });
    expect(workshop.isRunning).toBe(isInThread);
    expect(admitted).toMatchObject({ serial: 3, lineage: 'l', resourceCount: 2, sizeBytes: sent.length });
    expect((await openState(key, admitted.sealed, 'a')).equals(sent)).toBe(true);

    const stored = { context: 'a', sizeBytes: sent.length };
    const copy = (): Uint8Array[] => admitted.sealed.map((piece) => new Uint8Array(piece));
    const rolledBack = await workshop.run({
      kind: 'rewrite',
      stored: { ...stored, sealed: copy() },
      as: 'rolled-back',
      serial: 12,
      context: 'b',
    });
    expect(rolledBack).toMatchObject({ serial: 12, resourceCount: 2 });
    const text = (await openState(key, rolledBack.sealed, 'b')).toString();
    expect(text === sent.toString().replace('"serial":3', '"serial":12')).toBe(true);

    const emptied = await workshop.run({
      kind: 'rewrite',
      stored: { ...stored, sealed: copy() },
      as: 'emptied',
      serial: 13,
      context: 'c',
    });
    expect(emptied).toMatchObject({ serial: 13, lineage: 'l', resourceCount: 0 });

    const outputs = await workshop.run({ kind: 'outputs', stored: { ...stored, sealed: copy() } });
    expect(JSON.parse(Buffer.from(outputs).toString())).toMatchObject({
      shown: { value: expect.any(String), sensitive: false },
      hidden: { value: null, sensitive: true },
    });
  });

  it('says what is no state and what does not open, and goes on', async () => {
    const broken = stateOf(bytes).subarray(0, -1);
    await expect(workshop.run({ kind: 'admit', bytes: broken, context: 'a' })).rejects.toThrow(NotAStateError);
    const { sealed, sizeBytes } = await workshop.run({ kind: 'admit', bytes: stateOf(bytes), context: 'a' });
    const elsewhere: StateTask = { kind: 'outputs', stored: { sealed, sizeBytes, context: 'elsewhere' } };
    await expect(workshop.run(elsewhere)).rejects.toThrow(SecretUnreadableError);
    expect(await workshop.run({ kind: 'admit', bytes: stateOf(bytes), context: 'a' })).toMatchObject({ serial: 3 });
  });

  it('takes many at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_none, serial) =>
        workshop.run({ kind: 'admit', bytes: stateOf(bytes, { serial }), context: 'a' }),
      ),
    );
    expect(answers.map(({ serial }) => serial)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a thread of the workshop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plomada-thread-'));
  let programs = 0;
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A program in the place of the real one. */
  const threadOf = (source: string, maxHeapMegabytes = 64): StateThread => {
    const program = join(folder, `${++programs}.js`);
    writeFileSync(program, `const { parentPort, workerData } = require('node:worker_threads');\n${source}`);
    return new StateThread({ program, key, maxHeapMegabytes });
  };
  const task = (): StateTask => ({ kind: 'admit', bytes: stateOf(100), context: 'a' });

  it.each([
    ['throws', `parentPort.on('message', () => { throw new Error('secret'); });`],
    ['exits', `parentPort.on('message', () => process.exit(3));`],
    ['takes all memory', `parentPort.on('message', () => { const a = []; for (;;) a.push({ b: a.length }); });`],
    ['cannot be started', `require('./there-is-no-such-file');`],
  ])('that %s fails its task and no other thread, and says nothing of what it was at', async (_what, source) => {
    const thread = threadOf(source);
    const failure = await thread.run(task()).then(
      () => null,
      (error: Error) => error,
    );
    expect(failure).toBeInstanceOf(ThreadEndedError);
    expect(failure!.message).not.toContain('secret');
    expect(thread.isUsable).toBe(false);
    await expect(thread.run(task())).rejects.toThrow(ThreadEndedError);
  });

  it('that never ends is ended', async () => {
    const thread = threadOf(`parentPort.on('message', () => { for (;;); });`);
    const running = thread.run(task());
    const refusal = expect(running).rejects.toThrow('too slow');
    await thread.kill(new ThreadEndedError('it was too slow'));
    await refusal;
  });

  it('gets nothing of the environment, and the key alone', async () => {
    const thread = threadOf(
      `parentPort.on('message', () => parentPort.postMessage({ answer: Buffer.from(JSON.stringify(
        [Object.keys(process.env), Object.keys(workerData), Buffer.from(workerData.key).toString('base64')])) }));`,
    );
    const answer = Buffer.from((await thread.run(task())) as unknown as Uint8Array);
    expect(JSON.parse(answer.toString())).toEqual([[], ['key'], key.toString('base64')]);
    await thread.kill(new Error('over'));
  });
});

describe('the workshop, when its thread dies', () => {
  it('fails the one state, and takes the next; one that stops takes none', async () => {
    const workshop = new StateWorkshop(keys);
    const first = workshop.run({ kind: 'admit', bytes: stateOf(20_000_000), context: 'a' });
    const outcome = first.catch((error: unknown) => error);
    await eventually('the thread', () => workshop.isRunning);
    // As the operating system would end it, or its limit of memory.
    const { thread } = workshop as unknown as { thread: StateThread };
    await thread.kill(new ThreadEndedError('it was killed'));
    expect(await outcome).toMatchObject({ kind: 'unavailable', code: 'state-work-failed' });
    const next = await workshop.run({ kind: 'admit', bytes: stateOf(3_000_000), context: 'a' });
    expect(next.serial).toBe(3);
    await workshop.onApplicationShutdown();
    await expect(workshop.run({ kind: 'admit', bytes: stateOf(3_000_000), context: 'a' })).rejects.toMatchObject({
      code: 'state-work-failed',
    });
  });
});
