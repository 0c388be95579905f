import type { RunnerResponse } from './runner-protocol';

/** The runner's stdout was not one well-formed answer. Whether the tool ran is then unknown. */
export class RunnerProtocolError extends Error {
  override readonly name = 'RunnerProtocolError';
}

const UTC_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const SIGNAL_NAME = /^SIG[A-Z0-9+]+$/;

/**
 * Reads what a runner wrote on stdout: exactly one line with one JSON object.
 *
 * The answer is built anew from the known fields, so that unknown ones (a newer runner, a hostile one) go no further.
 * `success` must agree with `exit_code`: a runner that contradicts itself is not believed.
 *
 * @throws RunnerProtocolError with a short reason that never quotes the text, which may hold secrets.
 */
export function parseRunnerResponse(text: string): RunnerResponse {
  const fields = readLine(text);
  const success = required(fields, 'success', isBoolean);
  const output = required(fields, 'output', isString);
  const exitCode = required(fields, 'exit_code', isExitCode);
  const startedAt = required(fields, 'started_at', isTime);
  const endedAt = required(fields, 'ended_at', isTime);
  if (success !== (exitCode === 0)) throw new RunnerProtocolError('success and exit_code contradict each other');

  const errorMessage = optional(fields, 'error_msg', isString);
  if (!success && errorMessage === undefined) throw new RunnerProtocolError('a failure without error_msg');
  const response: RunnerResponse = {
    success,
    output,
    exit_code: exitCode,
    error_msg: errorMessage ?? '',
    started_at: startedAt,
    ended_at: endedAt,
  };
  for (const flag of ['output_truncated', 'timed_out', 'cancelled'] as const) {
    const value = optional(fields, flag, isBoolean);
    if (value !== undefined) response[flag] = value;
  }
  const signal = optional(fields, 'signal', isSignalName);
  if (signal !== undefined) response.signal = signal;
  return response;
}

function readLine(text: string): Map<string, unknown> {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text;
  if (line.trim() === '') throw new RunnerProtocolError('there is no answer');
  if (line.includes('\n')) throw new RunnerProtocolError('the answer is more than one line');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RunnerProtocolError('the answer is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunnerProtocolError('the answer is not a JSON object');
  }
  return new Map(Object.entries(value));
}

function required<T>(fields: Map<string, unknown>, name: string, is: (value: unknown) => value is T): T {
  if (!fields.has(name)) throw new RunnerProtocolError(`${name} is missing`);
  const value = fields.get(name);
  if (!is(value)) throw new RunnerProtocolError(`${name} has the wrong type or form`);
  return value;
}

function optional<T>(fields: Map<string, unknown>, name: string, is: (value: unknown) => value is T): T | undefined {
  return fields.has(name) ? required(fields, name, is) : undefined;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isExitCode(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && UTC_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

function isSignalName(value: unknown): value is string {
  return typeof value === 'string' && SIGNAL_NAME.test(value);
}
