import { randomUUID } from 'node:crypto';
import { simpleGit, type SimpleGit, type SimpleGitOptions } from 'simple-git';
import { endProcesses } from './process-tree';
import { tooLarge } from './size-guard';

/** Variable that all processes of one call carry. */
const MARKER = 'PLOMADA_GIT_CALL';
/** Time between the polite signal and the kill of everything that is left. */
const GRACE_MS = 500;
/** No listing may fill the memory: the references of the largest public repositories take some 10 MiB. */
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2;

/**
 * simple-git refuses these unless told so, because they make git start programs. Here every one of them is set by this
 * room to a constant of its own, never to a user's value, and several are set to switch the feature off.
 */
const UNSAFE: SimpleGitOptions['unsafe'] = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeSshCommand: true,
};

/**
 * Starting a process takes tens of milliseconds in which the server does nothing else. A hundred at once would be one
 * long stop; one after the other leaves room for others in between.
 */
let lastStart: Promise<void> = Promise.resolve();
function takeTurnToStart(): Promise<void> {
  lastStart = lastStart.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastStart;
}

/** One git process. */
export interface GitCall {
  /** The whole environment of git: nothing of the server's own is added. */
  environment: Readonly<Record<string, string>>;
  /** Where git is started; must exist. */
  directory: string;
  /** Fires with the error to throw. */
  signal: AbortSignal;
  /** Gets what git writes to stderr, as it comes. */
  onProgress?: (chunk: Buffer) => void;
  maxOutputBytes?: number;
}

/** git ended by itself, with an exit status other than 0. */
export class GitExit extends Error {
  constructor(
    readonly exitCode: number | null,
    readonly stderr: string,
  ) {
    super(`git ended with status ${exitCode}`);
  }
}

/**
 * Starts git, through simple-git. When this function returns or throws, git and everything it started have ended.
 * @throws GitExit with git's own words; the reason of `call.signal`
 */
export async function runGit<T>(call: GitCall, task: (git: SimpleGit) => Promise<T>): Promise<T> {
  await takeTurnToStart();
  const id = randomUUID();
  const overflow = new AbortController();
  const signal = AbortSignal.any([call.signal, overflow.signal]);
  signal.throwIfAborted();
  let exit: GitExit | undefined;
  const git = simpleGit({
    baseDir: call.directory,
    abort: signal,
    allowEnvironment: Object.keys(call.environment),
    unsafe: UNSAFE,
    errors: (error, { exitCode, stdErr }) => {
      // simple-git takes a status other than 0 without a word on stderr, and death by a signal, for success.
      if (exitCode === 0) return error;
      exit = new GitExit(exitCode, Buffer.concat(stdErr).toString());
      return error ?? exit;
    },
  });
  git.env({ ...call.environment, [MARKER]: id });
  git.outputHandler((_command, stdout, stderr) => {
    let bytes = 0;
    const limit = call.maxOutputBytes ?? MAX_OUTPUT_BYTES;
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) overflow.abort(tooLarge(limit));
    });
    stderr.on('data', (chunk: Buffer) => call.onProgress?.(chunk));
  });
  return finish(task(git), `${MARKER}=${id}`, signal, () => exit);
}

async function finish<T>(
  running: Promise<T>,
  marker: string,
  signal: AbortSignal,
  exitOf: () => GitExit | undefined,
): Promise<T> {
  let grace: NodeJS.Timeout | undefined;
  const onAbort = () => {
    grace = setTimeout(() => void endProcesses(marker), GRACE_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await running;
  } catch (error) {
    await endProcesses(marker);
    if (signal.aborted) throw signal.reason;
    throw exitOf() ?? error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(grace);
  }
}
