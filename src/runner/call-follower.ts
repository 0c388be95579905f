import { writeFileSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { RunnerProtocolError, parseRunnerResponse } from '../../runner/protocol/parse-response';
import { NO_REQUEST_MESSAGE, type RunnerResponse } from '../../runner/protocol/runner-protocol';
import { readJson } from '../common/files/json-file';
import { BOOT_ID } from './boot-id';
import { CallFiles, CallRecord, ProcessIdentity, readHead } from './call-files';
import type { RunnerEnd } from './call-runner';
import { isAlive, signalProcess } from './process-identity';
import { RunnerHandle, RunnerResult, ServerStoppingError } from './runner.port';

const POLL_MS = 50;
const EVIDENCE_BYTES = 4096;
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;
/** How long after the longest time a call may take the server waits for the runner to say so. */
const MARGIN_MS = 60_000;
const MINUTE_MS = 60_000;
/** A shell starts in much less. */
const WAITER_MS = 2_000;
/** A runner that has handled more than this has grown by it. */
const SMALL_OUTPUT = 2 ** 20;

interface Limits {
  timeoutMinutes: number;
  graceSeconds: number;
}

/**
 * Follows a call to its end, whoever started it: by the runner's answer or, when the runner was killed, by the exit
 * status that the tool's own waiter wrote. When the runner is gone, its duties (timeout and cancel) fall to us.
 */
export class CallFollower implements RunnerHandle {
  readonly logFile: string;
  readonly result: Promise<RunnerResult>;
  /** How long the call may take, the grace period included. */
  private readonly longestMs: number;
  private cancelRequested: 'gently' | 'force' | null = null;
  private interruptedAt: number | null = null;
  private timedOut = false;
  private hasSignalledRunner = false;
  private hasRunnersAnswer = false;
  private hasEnded = false;

  constructor(
    private readonly files: CallFiles,
    private readonly record: CallRecord,
    private readonly limits: Limits,
    private readonly stopping: AbortSignal,
    /** Of a runner this process started: how its part ended, as soon as it did. */
    private readonly end: Promise<RunnerEnd> | null,
    /** Whether the runner starts no tool before it has noted down which; of others that is not known. */
    private readonly notesItsTool: boolean,
  ) {
    this.logFile = files.log;
    this.longestMs = limits.timeoutMinutes * MINUTE_MS + limits.graceSeconds * 1000;
    this.result = this.follow().finally(() => (this.hasEnded = true));
    // A caller that came too late to listen still gets the rejection when it awaits; nobody is left unhandled.
    this.result.catch(() => undefined);
  }

  cancel(force: boolean): void {
    if (this.cancelRequested === 'force') return;
    const isSecond = this.cancelRequested !== null;
    if (isSecond && !force) return;
    this.cancelRequested = force ? 'force' : 'gently';
    // Without a runner it is our own ladder (`stopTool`).
    if (!isAlive(this.record)) return;
    // The runner's ladder: the first signal interrupts, a second one kills.
    const isFirst = this.markInterrupted();
    if (isFirst || force) this.signalRunner('SIGINT');
    if (isFirst && force) setTimeout(() => this.signalRunner('SIGINT'), POLL_MS).unref();
  }

  /** Whether nothing about this call was odd, so that the same process may be asked for another one. */
  leftRunnerAsItWas(result: RunnerResult): boolean {
    if (this.hasSignalledRunner || !this.hasRunnersAnswer || result.kind !== 'answered') return false;
    const { exit_code: exitCode, timed_out: timedOut, cancelled, signal, output } = result.response;
    const wasStopped = timedOut === true || cancelled === true || signal !== undefined;
    return exitCode !== null && !wasStopped && output.length <= SMALL_OUTPUT;
  }

  /**
   * Must reach this call alone. A runner that serves gets another call only when the answer to this one is there, and
   * from this process only when this call has ended here, and never after a signal.
   */
  private signalRunner(signal: NodeJS.Signals): void {
    if (this.hasEnded || (this.record.serves && this.files.hasResponse)) return;
    this.hasSignalledRunner = true;
    signalProcess(this.record, signal, signal === 'SIGKILL');
  }

  /**
   * Notes that the tool is interrupted. Before it is: a server that dies between the two has not cancelled, and a person
   * may force it; one that interrupts twice has killed an apply.
   * @returns false when it was before, perhaps by an earlier server
   */
  private markInterrupted(): boolean {
    try {
      writeFileSync(this.files.interrupted, '', { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      return !(error instanceof Error && 'code' in error && error.code === 'EEXIST');
    }
  }

  /** What was not seen is a sign of nothing while no file can be opened: then one looks again. */
  private async follow(): Promise<RunnerResult> {
    for (;;) {
      const couldOpen = await canOpenFiles();
      try {
        const seen = await this.look();
        if (seen.kind !== 'lost' || (couldOpen && (await canOpenFiles()))) return seen;
      } catch (error) {
        if (couldOpen && (await canOpenFiles())) throw error;
      }
      await this.pause(null);
    }
  }

  private async look(): Promise<RunnerResult> {
    const exitCode = await this.runnerEnd();
    const answered = await this.readAnswer(exitCode);
    this.hasRunnersAnswer = answered.kind === 'answered';
    const wasNeverAsked = answered.kind === 'lost';
    if (answered.kind === 'answered' || wasNeverAsked) return answered;
    // No usable answer. What matters now is the tool: it may be at work, and its waiter tells how it ended.
    const tool = await readJson<ProcessIdentity>(this.files.toolPid);
    if (tool) await this.toolEnd(tool);
    else if (await exists(this.files.log)) await this.wordOfWaiter();
    const recorded = await this.recordedExit();
    if (recorded !== null) return { kind: 'answered', response: await this.responseOf(recorded) };
    if (answered.kind === 'protocol-error' && answered.evidence !== '') return answered;
    // A machine that was started anew may have lost files that were written; without its files nothing tells.
    const isTold = this.notesItsTool && this.files.isStarted && (this.record.boot_id ?? BOOT_ID) === BOOT_ID;
    const mayHaveStarted =
      !(await exists(this.files.neverStarted)) && (!isTold || tool !== null || (await exists(this.files.log)));
    return {
      kind: 'lost',
      reason: mayHaveStarted
        ? 'The runner ended without an answer, and nothing recorded how the tool ended.'
        : 'The runner ended without an answer before the tool was started.',
      mayHaveStarted,
    };
  }

  /**
   * How long the call has taken. By the time since the machine's start, which goes on over restarts of the server and
   * does not jump when somebody sets the clock: a clock that is set must stop no apply.
   */
  private get takenMs(): number {
    const { started_at: startedAt, started_at_uptime: startedAtUptime } = this.record;
    return startedAtUptime === undefined ? Date.now() - Date.parse(startedAt) : (uptime() - startedAtUptime) * 1000;
  }

  /**
   * Waits for the runner; its exit status when this process started it and it ended. One that serves may be at another
   * call by now, so the answer is looked for first; when it has lost its server it takes no other call, and ends.
   */
  private async runnerEnd(): Promise<number | null | 'never-started'> {
    const seen: { end?: RunnerEnd } = {};
    void this.end?.then((end) => (seen.end = end));
    for (;;) {
      if (seen.end?.kind === 'failed') return 'never-started';
      if (seen.end) return seen.end.kind === 'answered' || this.record.serves ? null : seen.end.code;
      if (!this.end && ((this.record.serves && this.files.hasResponse) || !isAlive(this.record))) return null;
      if (this.takenMs > this.longestMs + MARGIN_MS) this.signalRunner('SIGKILL');
      await this.pause(this.end);
    }
  }

  private async readAnswer(exitCode: number | null | 'never-started'): Promise<RunnerResult> {
    if (exitCode === 'never-started') {
      return { kind: 'lost', reason: 'The runner could not be started. Check RUNNER_COMMAND.', mayHaveStarted: false };
    }
    const size = (await stat(this.files.response).catch(() => null))?.size ?? 0;
    const evidence = async (): Promise<string> =>
      (await readHead(this.files.response, EVIDENCE_BYTES)) || (await readHead(this.files.stderr, EVIDENCE_BYTES));
    if (size > MAX_RESPONSE_BYTES) {
      return { kind: 'protocol-error', reason: 'the answer is larger than 64 MiB', evidence: await evidence() };
    }
    try {
      const response = parseRunnerResponse(size === 0 ? '' : await readFile(this.files.response, 'utf8'));
      // The server died between the record and the request.
      if (response.exit_code === null && response.error_msg === NO_REQUEST_MESSAGE) {
        return { kind: 'lost', reason: 'The runner was never sent its request.', mayHaveStarted: false };
      }
      if (exitCode !== null && (exitCode === 0) !== response.success) {
        const reason = `the answer says success: ${response.success}, but the runner exited with status ${exitCode}`;
        return { kind: 'protocol-error', reason, evidence: await evidence() };
      }
      return { kind: 'answered', response };
    } catch (error) {
      if (!(error instanceof RunnerProtocolError)) throw error;
      return { kind: 'protocol-error', reason: error.message, evidence: await evidence() };
    }
  }

  /** The runner died in the moment in which it started the waiter, which may be about to say so. */
  private async wordOfWaiter(): Promise<void> {
    const end = performance.now() + WAITER_MS;
    while (performance.now() < end && !(await exists(this.files.neverStarted))) await this.pause(null);
  }

  private async toolEnd(tool: ProcessIdentity): Promise<void> {
    while (isAlive(tool) && (await this.recordedExit()) === null) {
      this.stopTool(tool);
      await this.pause(null);
    }
  }

  /** The runner's ladder, for a tool whose runner is gone: one interrupt to the group, the grace period, the kill. */
  private stopTool(tool: ProcessIdentity): void {
    const now = performance.now();
    if (this.takenMs > this.limits.timeoutMinutes * MINUTE_MS) this.timedOut = true;
    if (this.cancelRequested === 'force') return signalProcess(tool, 'SIGKILL', true);
    if (this.cancelRequested === null && !this.timedOut) return;
    if (this.interruptedAt === null) {
      this.interruptedAt = now;
      if (this.markInterrupted()) signalProcess(tool, 'SIGINT', true);
    } else if (now - this.interruptedAt > this.limits.graceSeconds * 1000) {
      signalProcess(tool, 'SIGKILL', true);
    }
  }

  private async recordedExit(): Promise<number | null> {
    const text = (await readHead(this.files.exit, 16)).trim();
    return /^\d{1,3}$/.test(text) ? Number(text) : null;
  }

  private async responseOf(exitCode: number): Promise<RunnerResponse> {
    const endedAt = (await stat(this.files.exit)).mtime.toISOString();
    return {
      success: exitCode === 0,
      output: '',
      exit_code: exitCode,
      error_msg: exitCode === 0 ? '' : `the tool exited with status ${exitCode} (its runner had been killed)`,
      ...(this.cancelRequested === null ? {} : { cancelled: true }),
      ...(this.timedOut ? { timed_out: true } : {}),
      started_at: this.record.started_at,
      ended_at: endedAt,
    };
  }

  private async pause(orUntil: Promise<unknown> | null): Promise<void> {
    if (this.stopping.aborted) throw new ServerStoppingError();
    let timer: NodeJS.Timeout | undefined;
    const tick = new Promise<void>((resolve) => (timer = setTimeout(resolve, POLL_MS)));
    await (orUntil ? Promise.race([orUntil, tick]) : tick);
    clearTimeout(timer);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

/** False when the process, or the machine, has as many files open as it may. */
async function canOpenFiles(): Promise<boolean> {
  try {
    await (await open('/dev/null', 'r')).close();
    return true;
  } catch {
    return false;
  }
}
