import { createHash } from 'node:crypto';
import { emptied, readState, shownOutputs, type StateHeader, withSerial } from '../domain/state-document';
import { openState, type Pieces, sealState } from '../sealed-state';

/** A state in the store, and what it takes to open it. */
export interface StoredState {
  sealed: Pieces;
  context: string;
  /** Of the state, opened. */
  sizeBytes: number;
}

/** What is to be done with a whole state. */
export type StateTask =
  /** A state that was sent: read and sealed. The bytes are given away. */
  | { kind: 'admit'; bytes: Uint8Array; context: string }
  /** A stored state once more, with another serial, or also with nothing in it; read and sealed. */
  | { kind: 'rewrite'; stored: StoredState; as: 'rolled-back' | 'emptied'; serial: number; context: string }
  | { kind: 'outputs'; stored: StoredState };

/** A state that was looked at and sealed. */
export interface AdmittedState extends StateHeader {
  /** Null when that cannot be seen. */
  resourceCount: number | null;
  /** In hex. */
  sha256: string;
  sizeBytes: number;
  sealed: Uint8Array[];
}

/** What comes of a task. */
export interface StateAnswers {
  admit: AdmittedState;
  rewrite: AdmittedState;
  /** Text of a JSON object, to be sent as it is. */
  outputs: Uint8Array;
}

export type StateAnswer<Task extends StateTask> = StateAnswers[Task['kind']];

/**
 * The work on whole states that costs with their size: reading, hashing, compressing, encrypting. It runs on the main
 * thread for small ones and in a thread of its own for others, so it needs nothing but Node.
 * @throws NotAStateError; SecretUnreadableError
 */
export async function doStateTask<Task extends StateTask>(key: Buffer, task: Task): Promise<StateAnswer<Task>> {
  return (await perform(key, task)) as StateAnswer<Task>;
}

async function perform(key: Buffer, task: StateTask): Promise<AdmittedState | Uint8Array> {
  switch (task.kind) {
    case 'admit':
      return admit(key, task.bytes, task.context);
    case 'rewrite': {
      const before = await open(key, task.stored);
      const after = task.as === 'emptied' ? emptied(before, task.serial) : withSerial(before, task.serial);
      return admit(key, after, task.context);
    }
    case 'outputs':
      return shownOutputs(await open(key, task.stored));
  }
}

async function admit(key: Buffer, bytes: Uint8Array, context: string): Promise<AdmittedState> {
  const { serial, lineage, resourceCount } = readState(bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sealed = await sealState(key, bytes, context);
  return { serial, lineage, resourceCount, sha256, sizeBytes: bytes.length, sealed };
}

function open(key: Buffer, { sealed, context, sizeBytes }: StoredState): Promise<Buffer> {
  return openState(key, sealed, context, sizeBytes);
}
