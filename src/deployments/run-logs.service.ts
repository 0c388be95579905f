import { Injectable } from '@nestjs/common';
import { completeUtf8Length } from '../common/text/utf8-boundary';
import { LOG_PHASES, LogPhase } from './domain/log-phase';
import { RunEventRepository } from './persistence/run-event.repository';

const PIECES_AT_ONCE = 32;
/** How much of the end of each log an answer about a run holds. */
const ENDING_BYTES = 2 ** 20;

/** Stored logs, read a few pieces at a time. */
@Injectable()
export class RunLogs {
  constructor(private readonly events: RunEventRepository) {}

  async size(runId: string, phase: LogPhase): Promise<number> {
    return (await this.events.findLogEnd(runId, phase)).size;
  }

  /** The bytes from `from` to `to` (exclusive). */
  async *read(runId: string, phase: LogPhase, from: number, to: number): AsyncGenerator<Buffer> {
    for (let position = from; position < to;) {
      const pieces = await this.events.findLogPieces(runId, phase, position, to, PIECES_AT_ONCE);
      if (pieces.length === 0) return;
      for (const { offset, data } of pieces) {
        const start = position - (offset ?? 0);
        const bytes = data.subarray(start, start + to - position);
        position += bytes.length;
        yield bytes;
      }
    }
  }

  /** The ends of the logs as an answer about a run has them. */
  async endings(runId: string): Promise<{ logs: Record<LogPhase, string>; isTruncated: boolean }> {
    const logs: Record<LogPhase, string> = { clone: '', init: '', plan: '', apply: '' };
    let isTruncated = false;
    for (const phase of LOG_PHASES) {
      const size = await this.size(runId, phase);
      const from = Math.max(0, size - ENDING_BYTES);
      if (from > 0) isTruncated = true;
      const pieces: Buffer[] = [];
      for await (const piece of this.read(runId, phase, from, size)) pieces.push(piece);
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
