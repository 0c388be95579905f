import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants as system } from 'node:os';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { STDERR_END_BYTES } from './pipe-process';
import { shellFor, WAIT_FOR_TOOL } from './launch-scripts';
import {
  clearEarlierCall,
  type LogFiles,
  logFilesOf,
  openLog,
  readLogEnd,
  writeExitFileIfMissing,
  writePidFile,
} from './log-file';
import { LogFollower } from './log-follower';
import type { OutputCopy } from './output-copy';
import { listLiveProcesses } from './process-table';
import { whenExited, whenSpawned } from './spawned';
import { trySignal } from './stop-ladder';
import type { ToolExit, ToolOutput, ToolProcess, ToolStart } from './tool-process';

export interface FileOptions {
  logFile: string;
  /** Write stderr to `<log_file>.stderr`, so that stdout arrives untouched. */
  separateStderr: boolean;
  maxOutputBytes: number;
  copy: OutputCopy | undefined;
}

const GROUP_POLL_MS = 200;

/**
 * Runs the tool with its output going straight to a file, under a shell that waits for it and records how it ended.
 *
 * Nothing of this depends on the runner once the tool has begun: a killed runner stops neither the tool nor its log
 * nor the record. (With a pipe or a PTY the tool dies at its next line, unsaved and with the state locked.)
 *
 * @throws Error when the log cannot be opened, or is still being written by an earlier call.
 */
export async function startFileProcess(start: ToolStart, options: FileOptions): Promise<ToolProcess> {
  const files = logFilesOf(options.logFile);
  clearEarlierCall(files);
  const log = openLog(files.log);
  const stderr = options.separateStderr ? openLog(files.stderr) : undefined;
  const child = spawn(shellFor(start.env), ['-c', WAIT_FOR_TOOL, 'sh', files.exit, start.file, ...start.args], {
    cwd: start.cwd,
    env: { ...start.env },
    stdio: ['ignore', log.fd, stderr?.fd ?? log.fd, 'pipe'],
    detached: true,
  });
  const shellExited = whenExited(child);
  closeSync(log.fd);
  if (stderr !== undefined) closeSync(stderr.fd);
  const pid = await whenSpawned(child);
  letGo(child, files, pid);
  const follower = options.copy && new LogFollower(files.log, log.size, options.copy);
  return {
    pid,
    exited: shellExited.then((exit) => settle(exit, pid, files)),
    async collectOutput(): Promise<ToolOutput> {
      await follower?.end();
      const output: ToolOutput = endOf(files.log, log.size, options.maxOutputBytes);
      if (stderr !== undefined) output.stderrEnd = endOf(files.stderr, stderr.size, STDERR_END_BYTES).text;
      return output;
    },
  };
}

/** A log that someone removed meanwhile does not change how the tool ended; its output is then cut to nothing. */
function endOf(path: string, from: number, limit: number): { text: string; isTruncated: boolean } {
  try {
    return readLogEnd(path, from, limit);
  } catch {
    return { text: '', isTruncated: true };
  }
}

/** Writes the pid file and only then says "go", so that a tool that runs can always be found again. */
function letGo(child: ChildProcess, files: LogFiles, pid: number): void {
  const go = child.stdio[3] as Duplex;
  go.on('error', () => undefined);
  try {
    writePidFile(files, pid);
  } catch (cause) {
    trySignal(-pid, 'SIGKILL');
    throw new Error(`${files.pid} cannot be written, so nothing was started`, { cause });
  }
  go.end('go\n');
}

/** From the end of the shell to the end of the tool: the same, unless the shell alone was killed. */
async function settle(exit: ToolExit, pid: number, files: LogFiles): Promise<ToolExit> {
  if (exit.signal !== null) await whenGroupIsGone(pid);
  try {
    writeExitFileIfMissing(files, exit.signal === null ? (exit.code ?? 1) : 128 + system.signals[exit.signal]);
  } catch {
    // The disk is full or the directory is gone. The answer still says how the tool ended.
  }
  return exit.signal === null ? fromShellStatus(exit.code ?? 1) : exit;
}

async function whenGroupIsGone(pid: number): Promise<void> {
  while (listLiveProcesses().some((entry) => entry.group === pid)) await sleep(GROUP_POLL_MS);
}

/** A shell says 128 + n when signal n killed the tool. */
function fromShellStatus(status: number): ToolExit {
  const name = Object.entries(system.signals).find(([, number]) => number === status - 128)?.[0];
  return name === undefined ? { code: status, signal: null } : { code: null, signal: name as NodeJS.Signals };
}
