import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputCopy } from './output-copy';

const POLL_MS = 100;
const CHUNK_BYTES = 64 * 1024;

/** Copies a growing log to the reader of `--stream`. It polls: file watching misses changes on network file systems. */
export class LogFollower {
  private isEnding = false;
  private readonly done: Promise<void>;

  constructor(
    path: string,
    private offset: number,
    private readonly copy: OutputCopy,
  ) {
    this.done = this.follow(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  }

  /** To be called when nothing is written to the log any more. Resolves when all of it has been copied. */
  end(): Promise<void> {
    this.isEnding = true;
    return this.done;
  }

  private async follow(fd: number): Promise<void> {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      // Read before looking at the end, so that what was written last is still seen.
      const wasEnding = this.isEnding;
      const read = readSync(fd, chunk, 0, chunk.length, this.offset);
      this.offset += read;
      if (read > 0 && !this.copy.write(Buffer.from(chunk.subarray(0, read)))) await this.copy.ready();
      if (read > 0) continue;
      if (wasEnding) return closeSync(fd);
      await sleep(POLL_MS);
    }
  }
}
