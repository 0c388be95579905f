import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** node-pty's native part, which its own Terminal class is a wrapper of. */
interface PtyBinding {
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    isUtf8: boolean,
    helperPath: string,
    onExit: (code: number | undefined, signal: number | undefined) => void,
  ): { fd: number; pid: number; pty: string };
}

export interface ForkRequest {
  file: string;
  args: string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  columns: number;
  /** Called once, when the forked process has ended; a signal of 0 means none. */
  onExit: (code: number, signal: number) => void;
}

export interface Forked {
  pid: number;
  /** The master's descriptor: what the process prints is read here. */
  masterFd: number;
  /** Path of the slave, such as /dev/pts/3. */
  slavePath: string;
}

const ROWS = 50;
const NO_CHANGE = -1;

/**
 * Forks a process on a new PTY, as leader of a session of its own.
 *
 * Uses the native function under node-pty's Terminal class: that class reads the PTY in a way that loses the end of
 * the output, reports a killed process with exit code 0, and waits 200 ms after each exit. The function is no public
 * interface, so node-pty's version is pinned exactly. It is loaded only here, only when a PTY is really wanted.
 *
 * @throws Error when node-pty is not installed or no PTY can be opened.
 */
export function forkOnPty(request: ForkRequest): Forked {
  const nodeRequire = createRequire(__filename);
  const binding = loadBinding(nodeRequire);
  const forked = binding.fork(
    request.file,
    request.args,
    Object.entries(request.env).map(([name, value]) => `${name}=${value}`),
    request.cwd,
    request.columns,
    ROWS,
    NO_CHANGE,
    NO_CHANGE,
    true,
    helperPath(dirname(nodeRequire.resolve('node-pty/package.json'))),
    (code, signal) => request.onExit(code ?? 0, signal ?? 0),
  );
  return { pid: forked.pid, masterFd: forked.fd, slavePath: forked.pty };
}

function loadBinding(nodeRequire: NodeJS.Require): PtyBinding {
  let loaded: unknown;
  try {
    loaded = nodeRequire('node-pty');
  } catch (cause) {
    throw new Error('node-pty cannot be loaded, so there is no PTY: ask with "tty": false', { cause });
  }
  if (typeof loaded === 'object' && loaded !== null && 'native' in loaded && isBinding(loaded.native)) {
    return loaded.native;
  }
  throw new Error('this version of node-pty is not the one iac-runner was made for');
}

function isBinding(value: unknown): value is PtyBinding {
  return typeof value === 'object' && value !== null && 'fork' in value && typeof value.fork === 'function';
}

/** The helper that starts the process on macOS; Linux does not use it. */
function helperPath(packageRoot: string): string {
  const directories = ['build/Release', `prebuilds/${process.platform}-${process.arch}`];
  const candidates = directories.map((directory) => join(packageRoot, directory, 'spawn-helper'));
  return candidates.find((candidate) => existsSync(candidate)) ?? '';
}
