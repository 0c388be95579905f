import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { TailBuffer } from '../engine/tail-buffer';
import { BECOME_TOOL, BECOME_TOOL_ONE_STREAM, shellFor } from './launch-scripts';
import { consume, type OutputCopy } from './output-copy';
import { whenExited, whenSpawned } from './spawned';
import type { ToolOutput, ToolProcess, ToolStart } from './tool-process';

export interface PipeOptions {
  /** Keep stderr apart, so that stdout arrives untouched. */
  separateStderr: boolean;
  maxOutputBytes: number;
  copy: OutputCopy | undefined;
}

export const STDERR_END_BYTES = 8 * 1024;
/** For a stream that stays open and silent although all that the tool left behind was killed. */
const SILENCE_MS = 5_000;

/**
 * Runs the tool on plain pipes: the bytes arrive as they were written. stdout and stderr share one stream, so that
 * their order stays, unless they are to be kept apart.
 */
export async function startPipeProcess(start: ToolStart, options: PipeOptions): Promise<ToolProcess> {
  const script = options.separateStderr ? BECOME_TOOL : BECOME_TOOL_ONE_STREAM;
  const child = spawn(shellFor(start.env), ['-c', script, 'sh', start.file, ...start.args], {
    cwd: start.cwd,
    env: { ...start.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = whenExited(child);
  const stdout = new TailBuffer(options.maxOutputBytes);
  const stderr = options.separateStderr ? new TailBuffer(STDERR_END_BYTES) : stdout;
  consume(child.stdout, (chunk) => stdout.append(chunk), options.copy);
  // With one stream, only the shell itself can write here, when it cannot start the tool.
  consume(child.stderr, (chunk) => stderr.append(chunk), options.copy);
  const drained = Promise.all([whenDrained(child.stdout), whenDrained(child.stderr)]);
  const pid = await whenSpawned(child);
  return {
    pid,
    exited,
    async collectOutput(): Promise<ToolOutput> {
      await Promise.race([drained, whenSilent([child.stdout, child.stderr])]);
      child.stdout.destroy();
      child.stderr.destroy();
      const output: ToolOutput = { text: stdout.toText(), isTruncated: stdout.isTruncated };
      if (options.separateStderr) output.stderrEnd = stderr.toText();
      return output;
    },
  };
}

function whenDrained(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
    stream.once('error', () => resolve());
  });
}

/** Resolves when nothing has come for a while; a stream that is paused for a slow reader is not silent. */
function whenSilent(streams: Readable[]): Promise<void> {
  return new Promise((resolve) => {
    const wait = (): NodeJS.Timeout =>
      setTimeout(() => {
        if (streams.some((stream) => stream.isPaused())) timer = wait();
        else resolve();
      }, SILENCE_MS);
    let timer = wait();
    for (const stream of streams) {
      stream.on('data', () => {
        clearTimeout(timer);
        timer = wait();
      });
    }
  });
}
