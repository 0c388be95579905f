import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { constants as system } from 'node:os';
import { ReadStream } from 'node:tty';
import { TailBuffer } from '../engine/tail-buffer';
import { BECOME_TOOL, shellFor } from './launch-scripts';
import { consume, type OutputCopy } from './output-copy';
import { forkOnPty } from './pty-fork';
import { trySignal } from './stop-ladder';
import type { ToolExit, ToolOutput, ToolProcess, ToolStart } from './tool-process';

export interface PtyOptions {
  columns: number;
  maxOutputBytes: number;
  copy: OutputCopy | undefined;
}

/** A terminal whose tool has ended and that gives nothing for this long, not even the mark, is given up. */
const SILENCE_MS = 10_000;
const RETRY_MS = 5;
const NOTHING = Buffer.alloc(0);

/**
 * Runs the tool on a PTY.
 *
 * When the last descriptor of a PTY's slave side closes, libuv sees the hang-up after a short read and stops, and the
 * rest of the output is lost (28 of 60 runs of `seq 1 20000`). So one slave descriptor is kept open here, and when
 * the tool has ended a random mark is written through it: all that the tool wrote comes out before the mark.
 *
 * @throws Error when there is no PTY to be had.
 */
export function startPtyProcess(start: ToolStart, options: PtyOptions): ToolProcess {
  let reportExit: (exit: ToolExit) => void;
  const exited = new Promise<ToolExit>((resolve) => (reportExit = resolve));
  const forked = forkOnPty({
    file: shellFor(start.env),
    args: ['-c', BECOME_TOOL, 'sh', start.file, ...start.args],
    env: { TERM: 'xterm-256color', ...start.env },
    cwd: start.cwd,
    columns: options.columns,
    onExit: (code, signal) =>
      reportExit(signal === 0 ? { code, signal: null } : { code: null, signal: nameOf(signal) }),
  });
  const slaveFd = openSlave(forked.pid, forked.slavePath);
  const output = new MarkedOutput(new ReadStream(forked.masterFd), slaveFd, options);
  return { pid: forked.pid, exited, collectOutput: () => output.collect() };
}

/** In the same tick as the fork: nothing has been read yet, so nothing can have been lost. */
function openSlave(pid: number, path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (cause) {
    trySignal(pid, 'SIGKILL');
    throw new Error('the PTY cannot be opened a second time: ask with "tty": false', { cause });
  }
}

function nameOf(signal: number): NodeJS.Signals {
  const found = Object.entries(system.signals).find(([, number]) => number === signal);
  return found ? (found[0] as NodeJS.Signals) : 'SIGKILL';
}

/** The output of a PTY up to a mark that is written when the tool has ended. */
class MarkedOutput {
  private readonly tail: TailBuffer;
  private readonly mark = Buffer.from(`\x1b_${randomBytes(16).toString('hex')}\x1b\\`);
  /** While the mark is awaited: the end of what came, in which the mark may have begun. */
  private pending: Buffer | undefined;
  private silence: NodeJS.Timeout | undefined;
  private isDone = false;
  private resolveDone: (() => void) | undefined;

  constructor(
    private readonly master: ReadStream,
    private readonly slaveFd: number,
    options: PtyOptions,
  ) {
    this.tail = new TailBuffer(options.maxOutputBytes);
    consume(master, (chunk) => this.take(chunk), options.copy);
    master.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN') this.finish();
    });
  }

  async collect(): Promise<ToolOutput> {
    if (!this.isDone) {
      const done = new Promise<void>((resolve) => (this.resolveDone = resolve));
      this.pending = Buffer.alloc(0);
      this.awaitMore();
      this.writeMark(this.mark);
      await done;
    }
    return { text: this.tail.toText(), isTruncated: this.tail.isTruncated };
  }

  /** @returns the part that is certainly the tool's. */
  private take(chunk: Buffer): Buffer {
    if (this.isDone) return NOTHING;
    if (this.pending === undefined) return this.tail.append(chunk);
    this.awaitMore();
    const seen = Buffer.concat([this.pending, chunk]);
    const markAt = seen.indexOf(this.mark);
    const certain = markAt >= 0 ? markAt : Math.max(0, seen.length - this.mark.length + 1);
    this.pending = seen.subarray(certain);
    const taken = this.tail.append(seen.subarray(0, certain));
    if (markAt >= 0) this.finish();
    return taken;
  }

  /** The terminal's buffer may be full of output that has not been read yet; then it takes part of the mark, or none. */
  private writeMark(rest: Buffer): void {
    if (this.isDone) return;
    let written = 0;
    try {
      written = writeSync(this.slaveFd, rest);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return this.finish();
    }
    if (written < rest.length) setTimeout(() => this.writeMark(rest.subarray(written)), RETRY_MS);
  }

  private awaitMore(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      // Paused means that the reader of --stream is slow, not that there is nothing more.
      if (this.master.isPaused()) this.awaitMore();
      else this.finish();
    }, SILENCE_MS);
  }

  private finish(): void {
    if (this.isDone) return;
    this.isDone = true;
    clearTimeout(this.silence);
    closeSync(this.slaveFd);
    this.master.destroy();
    this.resolveDone?.();
  }
}
