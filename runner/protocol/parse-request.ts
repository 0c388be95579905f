import {
  ADDITIONAL_TOOLS,
  type AdditionalTool,
  GO_COMMANDS,
  NO_REQUEST_MESSAGE,
  RUNNER_COMMANDS,
  RUNNER_DEFAULTS,
  RUNNER_TOOLS,
  type RunnerProgram,
  type RunnerRequest,
} from './runner-protocol';

/** A request that the runner refuses. The message is written for whoever sent it and holds no value of `env_vars`. */
export class RunnerRequestError extends Error {
  override readonly name = 'RunnerRequestError';
}

/** A request with every default filled in. Only what has no default stays optional. */
export type CompleteRunnerRequest = Required<Omit<RunnerRequest, 'tool_version' | 'log_file'>> &
  Pick<RunnerRequest, 'tool_version' | 'log_file'>;

const FIELDS = [
  'tool',
  'work_dir',
  'command',
  'args',
  'env_vars',
  'timeout',
  'tool_version',
  'tty',
  'columns',
  'max_output_bytes',
  'grace_seconds',
  'log_file',
];

/** Escaped as JSON this is still below the longest string V8 can hold. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Linux takes at most this much for one argument or one `NAME=value`, its closing NUL included. */
const MOST_BYTES_OF_ONE_STRING = 128 * 1024;
/** Linux takes 2 MiB for all of them by default; the rest is left for what the runner itself adds. */
const MOST_BYTES_OF_ALL_STRINGS = 1.5 * 1024 * 1024;
const EXACT_VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]*$/;

/**
 * Reads one request.
 *
 * Unknown fields are refused: a mistyped `log_flie` must not silently run an apply without its log.
 *
 * @param additionalTools what this runner may start besides terraform and tofu.
 * @throws RunnerRequestError with a sentence that names the field and what is allowed.
 */
export function parseRunnerRequest(
  text: string,
  additionalTools: readonly AdditionalTool[] = [],
): CompleteRunnerRequest {
  return completeRequest(readObject(text), additionalTools);
}

/**
 * Checks one request and fills in the defaults.
 *
 * @throws RunnerRequestError as `parseRunnerRequest` does.
 */
export function completeRequest(
  fields: Record<string, unknown>,
  additionalTools: readonly AdditionalTool[] = [],
): CompleteRunnerRequest {
  for (const name of Object.keys(fields)) {
    if (!FIELDS.includes(name)) {
      throw new RunnerRequestError(
        `"${shorten(name)}" is not a field of a request. The fields are ${FIELDS.join(', ')}`,
      );
    }
  }
  const tool = program(fields.tool, additionalTools);
  const request: CompleteRunnerRequest = {
    tool,
    work_dir: absolutePath('work_dir', fields.work_dir),
    command: command(tool, fields.command),
    args: fields.args === undefined ? [] : argumentList(fields.args),
    env_vars: fields.env_vars === undefined ? {} : variables(fields.env_vars),
    timeout: timeoutMinutes(fields.timeout),
    tty: fields.tty === undefined ? true : boolean('tty', fields.tty),
    columns: integer('columns', fields.columns, { from: 20, to: 1000, or: RUNNER_DEFAULTS.columns }),
    max_output_bytes: integer('max_output_bytes', fields.max_output_bytes, {
      from: 0,
      to: MOST_OUTPUT_BYTES,
      or: RUNNER_DEFAULTS.maxOutputBytes,
    }),
    grace_seconds: graceSeconds(fields.grace_seconds),
  };
  if (fields.tool_version !== undefined) request.tool_version = exactVersion(tool, fields.tool_version);
  if (fields.log_file !== undefined) request.log_file = absolutePath('log_file', fields.log_file);
  refuseTooMuch(request);
  return request;
}

/**
 * Reads one line of a runner that serves; see `ServedRequest`. The request in it is not looked into.
 *
 * @throws RunnerRequestError when it does not say where the answer goes.
 */
export function parseServedRequest(text: string): { responseFile: string; request: Record<string, unknown> } {
  const { response_file: responseFile, request } = readObject(text);
  if (!isObject(request)) throw new RunnerRequestError('request must be one JSON object');
  return { responseFile: absolutePath('response_file', responseFile), request };
}

function readObject(text: string): Record<string, unknown> {
  if (text.trim() === '') throw new RunnerRequestError(NO_REQUEST_MESSAGE);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RunnerRequestError('the request on stdin is not JSON');
  }
  if (!isObject(value)) throw new RunnerRequestError('the request must be one JSON object');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function program(value: unknown, additionalTools: readonly AdditionalTool[]): RunnerProgram {
  const allowed: readonly RunnerProgram[] = [...RUNNER_TOOLS, ...additionalTools];
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const refused = ADDITIONAL_TOOLS.find((candidate) => candidate === value);
  throw new RunnerRequestError(
    refused === undefined
      ? `tool must be one of ${allowed.join(', ')}; ${described(value)}`
      : `tool ${refused} is accepted only when iac-runner is started with --tools ${refused}`,
  );
}

function command(tool: RunnerProgram, value: unknown): RunnerRequest['command'] {
  const allowed = tool === 'go' ? GO_COMMANDS : RUNNER_COMMANDS;
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new RunnerRequestError(`command must be one of ${allowed.join(', ')} for ${tool}; ${described(value)}`);
}

function text(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new RunnerRequestError(`${field} must be a string; ${described(value)}`);
  if (value.includes('\0')) throw new RunnerRequestError(`${field} must not contain a NUL character`);
  return value;
}

function absolutePath(field: string, value: unknown): string {
  const path = text(field, value);
  if (!path.startsWith('/')) throw new RunnerRequestError(`${field} must be an absolute path; ${described(value)}`);
  return path;
}

function argumentList(value: unknown): string[] {
  if (!Array.isArray(value)) throw new RunnerRequestError(`args must be an array of strings; ${described(value)}`);
  return value.map((entry: unknown, index) => {
    const argument = text(`args[${index}]`, entry);
    if (Buffer.byteLength(argument) >= MOST_BYTES_OF_ONE_STRING) {
      throw new RunnerRequestError(`args[${index}] is longer than one argument can be (128 KiB)`);
    }
    return argument;
  });
}

/** Messages name the variable and never show its value, which may be a secret. */
function variables(value: unknown): Record<string, string> {
  if (!isObject(value)) throw new RunnerRequestError('env_vars must be an object of strings');
  const entries = Object.entries(value).map(([name, content]): [string, string] => {
    if (!VARIABLE_NAME.test(name)) {
      throw new RunnerRequestError(
        `env_vars: "${shorten(name)}" cannot be the name of a variable (letters, digits, _ . : -, not first a digit)`,
      );
    }
    if (typeof content !== 'string') throw new RunnerRequestError(`env_vars.${shorten(name)} must be a string`);
    if (content.includes('\0')) {
      throw new RunnerRequestError(`env_vars.${shorten(name)} must not contain a NUL character`);
    }
    if (Buffer.byteLength(name) + Buffer.byteLength(content) + 2 > MOST_BYTES_OF_ONE_STRING) {
      throw new RunnerRequestError(
        `env_vars.${shorten(name)} is larger than one variable can be (128 KiB): put it into a file and use -var-file`,
      );
    }
    return [name, content];
  });
  // Object.fromEntries defines own properties, so that a variable called __proto__ stays a variable.
  return Object.fromEntries(entries);
}

function timeoutMinutes(value: unknown): number {
  if (value === undefined) return RUNNER_DEFAULTS.timeoutMinutes;
  const most = RUNNER_DEFAULTS.maxTimeoutMinutes;
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  throw new RunnerRequestError(`timeout must be a number of minutes above 0 and at most ${most}; ${described(value)}`);
}

function graceSeconds(value: unknown): number {
  if (value === undefined) return RUNNER_DEFAULTS.graceSeconds;
  if (typeof value === 'number' && value >= 0 && value <= 3600) return value;
  throw new RunnerRequestError(`grace_seconds must be a number from 0 to 3600; ${described(value)}`);
}

function integer(field: string, value: unknown, range: { from: number; to: number; or: number }): number {
  if (value === undefined) return range.or;
  if (typeof value === 'number' && Number.isInteger(value) && value >= range.from && value <= range.to) return value;
  throw new RunnerRequestError(
    `${field} must be a whole number from ${range.from} to ${range.to}; ${described(value)}`,
  );
}

function boolean(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new RunnerRequestError(`${field} must be true or false; ${described(value)}`);
}

function exactVersion(tool: RunnerProgram, value: unknown): string {
  if (tool === 'go') {
    throw new RunnerRequestError('tool_version cannot be chosen for go: the version is the one the runner has');
  }
  if (typeof value === 'string' && EXACT_VERSION.test(value)) return value;
  throw new RunnerRequestError(`tool_version must be an exact version such as 1.11.4; ${described(value)}`);
}

function refuseTooMuch(request: CompleteRunnerRequest): void {
  let bytes = 0;
  for (const argument of request.args) bytes += Buffer.byteLength(argument) + 1;
  for (const [name, value] of Object.entries(request.env_vars)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  }
  if (bytes > MOST_BYTES_OF_ALL_STRINGS) {
    throw new RunnerRequestError(
      'args and env_vars are together larger than a process can be given (1.5 MiB): use a -var-file',
    );
  }
}

/** What was found instead, short enough for a message. */
function described(value: unknown): string {
  if (value === undefined) return 'it is missing';
  if (typeof value === 'string') return `it is "${shorten(value)}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return `it is ${String(value)}`;
  if (value === null) return 'it is null';
  return Array.isArray(value) ? 'it is an array' : 'it is an object';
}

function shorten(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}
