import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { decodeTail } from '../engine/tail-buffer';
import { writeAtomically } from './atomic-file';
import { listLiveProcesses, readProcess } from './process-table';

/** The files of a call with `log_file`. */
export interface LogFiles {
  log: string;
  /** stderr of a tool that was asked for JSON, which must not be mixed with it. */
  stderr: string;
  /** JSON `{pid, start_time}` of the leader of the tool's session. */
  pid: string;
  /** The exit status as a decimal number. */
  exit: string;
}

export function logFilesOf(path: string): LogFiles {
  return { log: path, stderr: `${path}.stderr`, pid: `${path}.pid`, exit: `${path}.exit` };
}

const READ_BYTES = 1024 * 1024;

/**
 * Removes what an earlier call with the same log file left beside it: a stale exit status would be taken for this one's.
 *
 * @throws Error when the tool of that earlier call still runs; two tools never share a log.
 */
export function clearEarlierCall(files: LogFiles): void {
  const running = findRunning(files.pid);
  if (running !== undefined) throw new Error(`log_file ${files.log} is in use by a tool that still runs (${running})`);
  for (const path of [files.pid, files.exit, `${files.exit}.tmp`, `${files.exit}.none`]) rmSync(path, { force: true });
}

function findRunning(pidFile: string): string | undefined {
  let earlier: unknown;
  try {
    earlier = JSON.parse(readFileSync(pidFile, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof earlier !== 'object' || earlier === null || !('pid' in earlier) || !('start_time' in earlier)) {
    return undefined;
  }
  const { pid, start_time: startTime } = earlier;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
  const member = listLiveProcesses().find(
    // A session outlives its leader, and its number is not given away while it has members.
    (entry) => entry.session === pid && Number(entry.startTime) >= Number(startTime),
  );
  return member === undefined ? undefined : `process ${member.pid}`;
}

/**
 * Opens a log for appending. A link is not followed, and only a regular file will do: a FIFO would block, and neither
 * keeps what was written.
 *
 * @returns the descriptor and how long the file was before.
 * @throws Error that names the path.
 */
export function openLog(path: string): { fd: number; size: number } {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const reason = code === 'ELOOP' ? 'it is a symbolic link' : code;
    throw new Error(`log_file ${path} cannot be opened for writing: ${reason}`, { cause });
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, size: stat.size };
  closeSync(fd);
  throw new Error(`log_file ${path} is not a regular file`);
}

/** Written by a rename: whoever sees the file sees all of it. */
export function writePidFile(files: LogFiles, pid: number): void {
  writeAtomically(files.pid, JSON.stringify({ pid, start_time: readProcess(pid)?.startTime ?? null }) + '\n');
}

/** For a shell that was killed before it could record how the tool ended. */
export function writeExitFileIfMissing(files: LogFiles, status: number): void {
  if (!existsSync(files.exit)) writeAtomically(files.exit, `${status}\n`);
}

/** The last `limit` bytes of what was written after `from`. Only they are read, however long the file is. */
export function readLogEnd(path: string, from: number, limit: number): { text: string; isTruncated: boolean } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const size = fstatSync(fd).size;
    const start = Math.max(from, size - limit);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    let filled = 0;
    while (filled < bytes.length) {
      const read = readSync(fd, bytes, filled, Math.min(READ_BYTES, bytes.length - filled), start + filled);
      if (read === 0) break;
      filled += read;
    }
    const isTruncated = start > from;
    return { text: decodeTail(bytes.subarray(0, filled), isTruncated), isTruncated };
  } finally {
    closeSync(fd);
  }
}
