import { parentPort, workerData } from 'node:worker_threads';
import { SecretUnreadableError } from '../../crypto/secret-box';
import { NotAStateError } from '../domain/state-document';
import { doStateTask, type StateTask } from './state-work';
import { handBack, type ThreadAnswer, type ThreadData } from './thread-messages';

/** The program of the thread: takes one task after the other. */
const key = Buffer.from((workerData as ThreadData).key);

parentPort?.on('message', (task: StateTask) => {
  void doStateTask(key, task).then(
    (done) => {
      const { answer, transfer } = handBack(done);
      parentPort?.postMessage({ answer } satisfies ThreadAnswer, transfer);
    },
    (error: unknown) => parentPort?.postMessage(failure(error)),
  );
});

/** Only what is known to hold nothing of a state is told. */
function failure(error: unknown): ThreadAnswer {
  if (error instanceof NotAStateError) return { error: 'not-a-state', message: error.message };
  if (error instanceof SecretUnreadableError) return { error: 'unreadable', message: '' };
  return { error: 'mistake', message: error instanceof Error ? error.constructor.name : 'unknown' };
}
