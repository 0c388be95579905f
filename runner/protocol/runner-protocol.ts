/**
 * The contract between the server and `iac-runner`: one JSON request on stdin, one line of JSON on stdout.
 * This folder imports nothing, and is the only runner folder the server may import.
 *
 * Order and silence: the runner reads stdin to its end before it starts anything, answers exactly once, and ends.
 * It exits 0 when `success` is true, else 1. A caller that sees the process end without one well-formed line on
 * stdout has no answer: it must treat the call as failed and never assume that the tool did not run.
 */

/** The protocol's version; printed by `iac-runner --version`. */
export const PROTOCOL_VERSION = 1;

export const RUNNER_TOOLS = ['terraform', 'tofu'] as const;
export type RunnerTool = (typeof RUNNER_TOOLS)[number];

export const RUNNER_COMMANDS = [
  'init',
  'plan',
  'apply',
  'destroy',
  'version',
  'validate',
  'show',
  'output',
  'force-unlock',
] as const;
export type RunnerCommand = (typeof RUNNER_COMMANDS)[number];

/** What a runner runs only when it was started with `--tools` and the name: a deployment must never get there. */
export const ADDITIONAL_TOOLS = ['go'] as const;
export type AdditionalTool = (typeof ADDITIONAL_TOOLS)[number];

export const GO_COMMANDS = ['build', 'version', 'mod'] as const;
export type GoCommand = (typeof GO_COMMANDS)[number];

/** Everything a runner can be taught to start. Deployments name a `RunnerTool`, which is less. */
export type RunnerProgram = RunnerTool | AdditionalTool;

/** What the server asks for. */
export interface RunnerRequest {
  /** `go` needs a runner that was started with `--tools go`; any other refuses it. */
  tool: RunnerProgram;
  /** Absolute path of an existing directory; inside `IAC_RUNNER_WORK_ROOT` when that is set. */
  work_dir: string;
  /** One of `RUNNER_COMMANDS`; with `go`, one of `GO_COMMANDS`. */
  command: RunnerCommand | GoCommand;
  /** Further arguments, passed on one by one; there is never a shell between. With `go`, some flags are refused. */
  args: string[];
  /** Added to the allow-listed environment of the tool. Names that change how programs are loaded are refused. */
  env_vars: Record<string, string>;
  /** Minutes, a fraction is allowed; default 30, at most 1,440. */
  timeout: number;
  /** Exact version of the tool to use, SemVer without `v`. Default: the one on the PATH. Refused with `go`. */
  tool_version?: string;
  /** Run the tool on a PTY (default true). False: plain pipes, bytes untouched. Not used when `log_file` is given. */
  tty?: boolean;
  /** Width of the PTY in columns, default 160. */
  columns?: number;
  /** How much of the end of the output the response keeps, in bytes; default 10 MiB. */
  max_output_bytes?: number;
  /** Seconds between SIGINT and SIGKILL on timeout and cancel; default 30. */
  grace_seconds?: number;
  /**
   * Absolute path. The tool writes straight into this file, in a session of its own, and outlives a killed runner.
   * Beside it appear `<log_file>.pid` (JSON `{pid, start_time}` of the session leader) and, at the end,
   * `<log_file>.exit` (the exit status as a decimal number; 128 + n when signal n killed the tool).
   * With `-json` among `args`, stderr goes to `<log_file>.stderr` so that the JSON arrives untouched.
   */
  log_file?: string;
}

/** What the runner answers. */
export interface RunnerResponse {
  success: boolean;
  /** The end of the tool's output (`max_output_bytes`), ANSI kept. */
  output: string;
  /** Exit status of the tool; 128 + n when signal n killed it; null when it never started. */
  exit_code: number | null;
  /** Empty on success. */
  error_msg: string;
  /** RFC 3339 in UTC. */
  started_at: string;
  ended_at: string;
  output_truncated?: boolean;
  timed_out?: boolean;
  cancelled?: boolean;
  /** Name of the signal that killed the tool, such as `SIGKILL`. */
  signal?: string;
}

export const RUNNER_DEFAULTS = {
  timeoutMinutes: 30,
  maxTimeoutMinutes: 1440,
  columns: 160,
  maxOutputBytes: 10 * 1024 * 1024,
  graceSeconds: 30,
  /** A request larger than this is refused unread. */
  maxRequestBytes: 16 * 1024 * 1024,
} as const;

/**
 * What the runner answers when its stdin ended empty: whoever started it died before the request was sent, so nothing
 * was started. Part of the contract, so that the next server can tell.
 */
export const NO_REQUEST_MESSAGE = 'there is no request on stdin: it is empty';

/**
 * What `iac-runner --serve` reads: one such object in each line of stdin, at most one call at a time. It is the
 * arrangement between the server and the runner of the same version: whoever calls a runner otherwise sends one request.
 *
 * - The answer, the line that stdout has elsewhere, goes to `response_file` and appears there by a rename.
 * - When the runner is ready for the next call, stdout gets the line of `servedLine`. Without it, it takes no more calls.
 * - At the end of stdin it finishes the call it is at, and ends. Half a line at the end is no request: nothing is started.
 * - SIGINT and SIGTERM are cancels of the call it is at. Without one it ends. So whoever has cancelled a call must not
 *   send another: the signal might reach that.
 */
export interface ServedRequest {
  /** Absolute path; the folder must exist. */
  response_file: string;
  request: RunnerRequest;
}

/** What a runner that serves says when it has answered a call and is ready for the next one; without the line's end. */
export function servedLine(responseFile: string): string {
  return JSON.stringify({ answered: responseFile });
}
