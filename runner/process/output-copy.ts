import type { Readable, Writable } from 'node:stream';

/** A reader of `--stream` that takes nothing for this long is given up: the tool must not wait for it for ever. */
const PATIENCE_MS = 30_000;

/** Copies the tool's output to stderr as it comes (`--stream`). */
export class OutputCopy {
  private isOpen = true;

  constructor(private readonly target: Writable) {
    // The reader has gone. The output is still kept and the tool still runs; nobody is watching any more.
    target.on('error', () => {
      this.isOpen = false;
    });
  }

  /** @returns whether more may follow at once; otherwise wait for `ready`. */
  write(chunk: Uint8Array): boolean {
    return !this.isOpen || this.target.write(chunk);
  }

  /** Resolves when everything written so far was taken, or when the reader was given up. Never rejects. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve();
      const finish = (): void => {
        clearTimeout(patience);
        this.target.off('error', finish);
        resolve();
      };
      const patience = setTimeout(() => {
        this.isOpen = false;
        finish();
      }, PATIENCE_MS);
      this.target.once('error', finish);
      this.target.write('', finish);
    });
  }
}

/**
 * Hands every chunk of `source` to `take`. What that gives back is copied, when there is a copy, and `source` is read
 * no faster than the copy is.
 */
export function consume(source: Readable, take: (chunk: Buffer) => Buffer, copy: OutputCopy | undefined): void {
  source.on('data', (chunk: Buffer) => {
    const taken = take(chunk);
    if (copy === undefined || copy.write(taken)) return;
    source.pause();
    void copy.ready().then(() => source.resume());
  });
}
