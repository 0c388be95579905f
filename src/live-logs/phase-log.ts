import { open } from 'node:fs/promises';
import { SecretMasker } from '../common/secrets/secret-masker';
import type { SecretPatterns } from '../common/secrets/secret-patterns';
import { completeUtf8Length } from '../common/text/utf8-boundary';
import type { LogPiece } from './log-event';
import { followFile } from './log-follower';

const MAX_TAIL_BYTES = 2 ** 20;
/** A secret that begins before the tail must not show its end in it. */
const TAIL_OVERLAP_BYTES = 512 * 1024;
const MARKER_ROOM_BYTES = 256;

/** Where the pieces go. */
export type LogSink<Phase extends string = string> = (piece: LogPiece<Phase>) => Promise<void>;

/**
 * The log of one phase of a subject on its way in: masked, cut at characters, and kept within `maxBytes` as its
 * beginning, a marker that says how much is left out, and its end. Memory does not grow with the log.
 */
export class PhaseLog<Phase extends string = string> {
  private masker: SecretMasker;
  /** Where in the tool's output this masker began. */
  private maskerBase: number;
  private carry: Buffer = Buffer.alloc(0);
  private size: number;
  private sourceEnd: number;
  /** Writes are stored one after the other, in the order of the calls. */
  private last: Promise<void> = Promise.resolve();
  private hasFollowed = false;
  private readonly queued: Buffer[] = [];
  private readonly headBytes: number;
  private readonly tailBytes: number;

  /** @param start how far an earlier server got: size of the stored log, and of the tool's output that is in it */
  constructor(
    private readonly phase: Phase,
    private readonly patterns: SecretPatterns,
    private readonly sink: LogSink<Phase>,
    maxBytes: number,
    start: { size: number; sourceEnd: number },
  ) {
    this.masker = new SecretMasker(patterns);
    this.maskerBase = start.sourceEnd;
    this.size = start.size;
    this.sourceEnd = start.sourceEnd;
    this.hasFollowed = start.sourceEnd > 0;
    this.tailBytes = Math.min(MAX_TAIL_BYTES, Math.floor(maxBytes / 4));
    this.headBytes = Math.max(0, maxBytes - this.tailBytes - MARKER_ROOM_BYTES);
  }

  /** A line of the platform's own, told from the tool's output by its mark. */
  note(text: string): Promise<void> {
    return this.inOrder(async () => {
      await this.flushMasker();
      const masker = new SecretMasker(this.patterns);
      const line = Buffer.from(`\u001b[2m[plomada] ${text.trimEnd()}\u001b[0m\r\n`);
      await this.store(Buffer.concat([masker.push(line), masker.flush()]), this.sourceEnd);
    });
  }

  /**
   * Text that is not of the followed file, such as git's progress. A secret must not be split over two calls. Texts
   * that come while an earlier one is being stored are stored together.
   */
  write(text: string): Promise<void> {
    this.queued.push(Buffer.from(text));
    return this.inOrder(async () => {
      const bytes = Buffer.concat(this.queued.splice(0));
      const masker = new SecretMasker(this.patterns);
      await this.store(Buffer.concat([masker.push(bytes), masker.flush()]), this.sourceEnd);
    });
  }

  /** Takes in a file of output while it grows, until its writer has `ended` and its end. */
  async follow(file: string, ended: Promise<unknown>): Promise<void> {
    await this.last;
    let isFull = this.size >= this.headBytes;
    if (!isFull) {
      await followFile(file, this.sourceEnd, ended, async (chunk) => {
        this.hasFollowed = true;
        await this.take(chunk);
        isFull = this.size >= this.headBytes;
        return isFull ? 'enough' : 'more';
      });
    }
    if (isFull) await this.skipToTail(file, ended);
    await this.inOrder(() => this.flushMasker());
  }

  /** For a runner that knows nothing of `log_file`: its output comes with the answer. */
  addUnlessFollowed(output: string): Promise<void> {
    return this.hasFollowed || output === '' ? Promise.resolve() : this.write(output);
  }

  /** Stores what is held back. Call it when a phase has ended. */
  end(): Promise<void> {
    return this.inOrder(() => this.flushMasker());
  }

  private inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async take(chunk: Buffer): Promise<void> {
    const masked = this.masker.push(chunk);
    const bytes = this.carry.length > 0 ? Buffer.concat([this.carry, masked]) : masked;
    const complete = completeUtf8Length(bytes);
    this.carry = Buffer.from(bytes.subarray(complete));
    // What is carried was read but is not stored: whoever goes on after us must read it again. It is always a part of
    // one character, which no mask has touched, so its length is the same in the tool's output.
    this.sourceEnd = this.maskerBase + this.masker.consumed - this.carry.length;
    await this.store(bytes.subarray(0, complete), this.sourceEnd);
  }

  protected async flushMasker(): Promise<void> {
    const rest = Buffer.concat([this.carry, this.masker.flush()]);
    this.carry = Buffer.alloc(0);
    this.sourceEnd = this.maskerBase + this.masker.consumed;
    this.maskerBase = this.sourceEnd;
    this.masker = new SecretMasker(this.patterns);
    await this.store(rest, this.sourceEnd);
  }

  private async store(bytes: Buffer, sourceEnd: number): Promise<void> {
    if (bytes.length === 0) return;
    // A copy: the masker may give back a part of the buffer that is read into next.
    await this.sink({ phase: this.phase, offset: this.size, data: Buffer.from(bytes), sourceEnd });
    this.size += bytes.length;
  }

  /** The head is full: nothing is read until the end, and then the tail alone. */
  private async skipToTail(file: string, ended: Promise<unknown>): Promise<void> {
    await ended;
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const from = Math.max(this.sourceEnd, size - this.tailBytes - TAIL_OVERLAP_BYTES);
      const tail = Buffer.alloc(Math.max(0, size - from));
      await handle.read(tail, 0, tail.length, from);
      const isGap = from > this.sourceEnd;
      const masker = isGap ? new SecretMasker(this.patterns) : this.masker;
      const masked = Buffer.concat([isGap ? Buffer.alloc(0) : this.carry, masker.push(tail), masker.flush()]);
      this.carry = Buffer.alloc(0);
      const kept =
        masked.length > this.tailBytes ? afterFirstLineBreak(masked.subarray(masked.length - this.tailBytes)) : masked;
      const dropped = size - this.sourceEnd - kept.length;
      this.masker = new SecretMasker(this.patterns);
      this.maskerBase = size;
      this.sourceEnd = size;
      if (dropped > 0) {
        const marker = `\r\n\u001b[2m[plomada] … ${dropped} bytes of output are left out here (LOG_MAX_BYTES) …\u001b[0m\r\n`;
        await this.store(Buffer.from(marker), size);
      }
      await this.store(kept, size);
    } finally {
      await handle.close();
    }
  }
}

/** Begins at a line, when one begins soon; else at a character. */
function afterFirstLineBreak(bytes: Buffer): Buffer {
  const lineBreak = bytes.indexOf(0x0a);
  if (lineBreak >= 0 && lineBreak < 64 * 1024) return bytes.subarray(lineBreak + 1);
  let start = 0;
  while (start < 4 && start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
