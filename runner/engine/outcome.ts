import { constants as system } from 'node:os';
import type { RunnerRequest, RunnerResponse } from '../protocol/runner-protocol';
import type { ToolExit, ToolOutput } from '../process/tool-process';

/** Why the runner stopped the tool. */
export type StopCause = 'timeout' | 'cancel';

/** Everything that is known about a call whose tool has ended. */
export interface CallEnd {
  tool: RunnerRequest['tool'];
  command: RunnerRequest['command'];
  exit: ToolExit;
  output: ToolOutput;
  startedAt: Date;
  endedAt: Date;
  timeoutMinutes: number;
  /** Undefined when the tool ended by itself. */
  stopCause: StopCause | undefined;
  /** Whether it had to be killed. */
  wasKilled: boolean;
}

const STDERR_IN_MESSAGE = 2000;

/**
 * The answer for a tool that has ended. A tool that was told to stop and still ended with 0 has done its work: that
 * is a success, with `timed_out` or `cancelled` beside it.
 */
export function toResponse(end: CallEnd): RunnerResponse {
  const exitCode = end.exit.signal === null ? (end.exit.code ?? 1) : 128 + system.signals[end.exit.signal];
  const response: RunnerResponse = {
    success: exitCode === 0,
    output: end.output.text,
    exit_code: exitCode,
    error_msg: exitCode === 0 ? '' : errorMessage(end, exitCode),
    started_at: end.startedAt.toISOString(),
    ended_at: end.endedAt.toISOString(),
  };
  if (end.output.isTruncated) response.output_truncated = true;
  if (end.stopCause === 'timeout') response.timed_out = true;
  if (end.stopCause === 'cancel') response.cancelled = true;
  if (end.exit.signal !== null) response.signal = end.exit.signal;
  return response;
}

/** The answer when no tool was started. */
export function neverStarted(message: string, startedAt: Date, isCancelled: boolean): RunnerResponse {
  const response: RunnerResponse = {
    success: false,
    output: '',
    exit_code: null,
    error_msg: message,
    started_at: startedAt.toISOString(),
    ended_at: new Date().toISOString(),
  };
  if (isCancelled) response.cancelled = true;
  return response;
}

function errorMessage(end: CallEnd, exitCode: number): string {
  const call = `${end.tool} ${end.command}`;
  const killed = end.wasKilled
    ? '; it did not stop after SIGINT and was killed, so its last changes may be unsaved'
    : '';
  if (end.stopCause === 'timeout') return `${call} timed out after ${duration(end.timeoutMinutes)}${killed}`;
  if (end.stopCause === 'cancel') return `${call} was cancelled${killed}`;
  if (end.exit.signal !== null) return `${call} was killed by ${end.exit.signal}`;
  const reason = end.output.stderrEnd?.trim().slice(-STDERR_IN_MESSAGE);
  return `${call} exited with status ${exitCode}${reason ? `: ${reason}` : ''}`;
}

function duration(minutes: number): string {
  if (minutes < 1) return counted(Math.round(minutes * 600) / 10, 'second');
  return counted(Math.round(minutes * 100) / 100, 'minute');
}

function counted(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
