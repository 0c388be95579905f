import { join } from 'node:path';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { KeyedMutex } from '../../common/concurrency/keyed-mutex';
import { DomainError } from '../../common/errors';
import { packageRoot } from '../../config/package-root';
import { DerivedKeys } from '../../crypto/derived-keys';
import { stateKeyOf } from '../state-cipher';
import { StateThread, ThreadEndedError } from './state-thread';
import { doStateTask, type StateAnswer, type StateTask } from './state-work';

/** Smaller states are worked on where they are: a few milliseconds, and a thread takes longer to begin. */
export const LARGE_STATE_BYTES = 2 ** 20;

/** Compiled, also when the server itself runs from its sources, as in tests. */
const PROGRAM = join(packageRoot(), 'dist/src/state/work/state-thread.main.js');
/** How long a thread stays that has nothing to do: it keeps the memory of what it was at. */
const IDLE_MS = 5_000;
/** Far longer than the largest state takes anywhere. */
const TASK_TIMEOUT_MS = 120_000;
/** For places in a state; what is as large as the state is no part of the heap. */
const MAX_HEAP_MEGABYTES = 256;

/**
 * Has whole states worked on: small ones at once, others in a thread, one at a time, so that nobody else waits for them.
 * A thread that dies fails what it was at and nothing else; the next state gets a fresh one.
 */
@Injectable()
export class StateWorkshop implements OnApplicationShutdown {
  private readonly logger = new Logger(StateWorkshop.name);
  private readonly turns = new KeyedMutex();
  private readonly key: Buffer;
  private thread: StateThread | null = null;
  private idleTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(keys: DerivedKeys) {
    this.key = stateKeyOf(keys);
  }

  /** Whether there is a thread. */
  get isRunning(): boolean {
    return this.thread?.isUsable ?? false;
  }

  /**
   * Does a task. Bytes in it are given away: whoever calls must not use them any more.
   * @throws NotAStateError, SecretUnreadableError; DomainError `state-work-failed` when the thread has died
   */
  async run<Task extends StateTask>(task: Task): Promise<StateAnswer<Task>> {
    if (sizeOf(task) <= LARGE_STATE_BYTES) return doStateTask(this.key, task);
    return this.turns.run('thread', () => this.runInThread(task));
  }

  /** What is worked on fails; nothing large can be worked on afterwards. */
  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await this.end('the server stops');
  }

  private async runInThread<Task extends StateTask>(task: Task): Promise<StateAnswer<Task>> {
    clearTimeout(this.idleTimer);
    const timeout = setTimeout(() => void this.end('it took too long'), TASK_TIMEOUT_MS);
    try {
      return await this.usableThread().run(task);
    } catch (error) {
      if (!(error instanceof ThreadEndedError)) throw error;
      this.logger.error({ event: 'state_thread_ended', reason: error.reason });
      throw new DomainError(
        'unavailable',
        'state-work-failed',
        'The part of the server that reads large states ended while it was at this one. Nothing was changed: try again.',
      );
    } finally {
      clearTimeout(timeout);
      this.idleTimer = setTimeout(() => void this.end('it was idle'), IDLE_MS).unref();
    }
  }

  private usableThread(): StateThread {
    if (this.isClosed) throw new ThreadEndedError('the server stops');
    if (this.thread?.isUsable) return this.thread;
    this.thread = new StateThread({ program: PROGRAM, key: this.key, maxHeapMegabytes: MAX_HEAP_MEGABYTES });
    return this.thread;
  }

  private async end(reason: string): Promise<void> {
    clearTimeout(this.idleTimer);
    const { thread } = this;
    this.thread = null;
    await thread?.kill(new ThreadEndedError(reason));
  }
}

function sizeOf(task: StateTask): number {
  return task.kind === 'admit' ? task.bytes.byteLength : task.stored.sizeBytes;
}
