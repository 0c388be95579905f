import type { StateAnswers, StateTask } from './state-work';

/** What the thread is started with. */
export interface ThreadData {
  /** Of states; handed over once, and nowhere else. */
  key: Uint8Array;
}

/** What the thread answers to a task. `mistake`: one of ours, which it has survived. */
export type ThreadAnswer =
  { answer: StateAnswers[keyof StateAnswers] } | { error: 'not-a-state' | 'unreadable' | 'mistake'; message: string };

/** What of a task can be handed over instead of being copied; the sender has it no longer. */
export function handOver(task: StateTask): { task: StateTask; transfer: ArrayBuffer[] } {
  if (task.kind === 'admit') {
    const bytes = own(task.bytes);
    return { task: { ...task, bytes }, transfer: [bufferOf(bytes)] };
  }
  const sealed = task.stored.sealed.map(own);
  return { task: { ...task, stored: { ...task.stored, sealed } }, transfer: sealed.map(bufferOf) };
}

/** The same for an answer. */
export function handBack(answer: StateAnswers[keyof StateAnswers]): {
  answer: StateAnswers[keyof StateAnswers];
  transfer: ArrayBuffer[];
} {
  if (answer instanceof Uint8Array) {
    const bytes = own(answer);
    return { answer: bytes, transfer: [bufferOf(bytes)] };
  }
  const sealed = answer.sealed.map(own);
  return { answer: { ...answer, sealed }, transfer: sealed.map(bufferOf) };
}

/** Small buffers of Node share their memory with others, which must not go with them: those are copied. */
function own(bytes: Uint8Array): Uint8Array {
  const isAlone = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isAlone && bytes.byteLength > 0 ? bytes : new Uint8Array(bytes);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
}
