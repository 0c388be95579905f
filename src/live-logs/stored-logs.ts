import { completeUtf8Length } from '../common/text/utf8-boundary';
import type { EventStore } from './event-store.port';

const PIECES_AT_ONCE = 32;
/** How much of the end of each log an answer about a subject holds. */
const ENDING_BYTES = 2 ** 20;

/** The stored logs of one kind of subject, read a few pieces at a time. */
export class StoredLogs<Phase extends string = string> {
  constructor(private readonly store: EventStore<Phase>) {}

  /** Length of the log of one phase in bytes; 0 for one that nobody has written. */
  async size(subjectId: string, phase: Phase): Promise<number> {
    return this.store.findLogSize(subjectId, phase);
  }

  /** The bytes from `from` to `to` (exclusive). */
  async *read(subjectId: string, phase: Phase, from: number, to: number): AsyncGenerator<Buffer> {
    for (let position = from; position < to;) {
      const pieces = await this.store.findLogPieces(subjectId, phase, position, to, PIECES_AT_ONCE);
      if (pieces.length === 0) return;
      for (const { offset, data } of pieces) {
        const start = position - (offset ?? 0);
        const bytes = data.subarray(start, start + to - position);
        position += bytes.length;
        yield bytes;
      }
    }
  }

  /** The ends of the logs of these phases, as an answer about a subject has them. */
  async endings<Asked extends Phase>(
    subjectId: string,
    phases: readonly Asked[],
  ): Promise<{ logs: Record<Asked, string>; isTruncated: boolean }> {
    const logs = {} as Record<Asked, string>;
    let isTruncated = false;
    for (const phase of phases) {
      const size = await this.size(subjectId, phase);
      const from = Math.max(0, size - ENDING_BYTES);
      if (from > 0) isTruncated = true;
      const pieces: Buffer[] = [];
      for await (const piece of this.read(subjectId, phase, from, size)) pieces.push(piece);
      logs[phase] = textOf(Buffer.concat(pieces), from > 0);
    }
    return { logs, isTruncated };
  }
}

/** Does not begin or end inside a character. */
function textOf(bytes: Buffer, isCut: boolean): string {
  let start = 0;
  while (isCut && start < 4 && start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++;
  return bytes.subarray(start, completeUtf8Length(bytes)).toString('utf8');
}
