import { randomUUID } from 'node:crypto';
import type { CompleteRunnerRequest } from '../protocol/parse-request';
import type { RunnerResponse } from '../protocol/runner-protocol';
import { startFileProcess } from '../process/file-process';
import { killLeftovers } from '../process/leftovers';
import type { OutputCopy } from '../process/output-copy';
import { startPipeProcess } from '../process/pipe-process';
import { readProcess } from '../process/process-table';
import { startPtyProcess } from '../process/pty-process';
import { StopLadder } from '../process/stop-ladder';
import type { ToolProcess, ToolStart } from '../process/tool-process';
import type { CancelRequests } from './cancel-requests';
import { CALL_MARKER_NAME, toolEnvironment } from './environment';
import { refuseGoArguments } from './go-rules';
import { neverStarted, type StopCause, toResponse } from './outcome';
import { locateTool } from './tool-locator';
import { resolveWorkDirectory } from './work-directory';

export interface CallContext {
  /** The runner's own environment. */
  environment: Readonly<Record<string, string | undefined>>;
  cancels: CancelRequests;
  /** Where the output is copied to as it comes, if anywhere. */
  copy: OutputCopy | undefined;
}

/**
 * Runs the tool once as asked and says how that went.
 *
 * @throws CallRefusedError and other errors only before a tool was started.
 */
export async function runCall(request: CompleteRunnerRequest, context: CallContext): Promise<RunnerResponse> {
  const receivedAt = new Date();
  const cancelled = (): RunnerResponse =>
    neverStarted(`${request.tool} ${request.command} was cancelled before it started`, receivedAt, true);

  const marker = { name: CALL_MARKER_NAME, value: randomUUID() };
  if (request.tool === 'go') refuseGoArguments(request.args);
  const env = toolEnvironment(request.tool, context.environment, request.env_vars, marker.value);
  const cwd = resolveWorkDirectory(request.work_dir, context.environment.IAC_RUNNER_WORK_ROOT);
  const file = await locateUnlessCancelled(request, env, context);
  if (file === undefined) return cancelled();

  const startedAt = new Date();
  const tool = await start({ file, args: [request.command, ...request.args], cwd, env }, request, context.copy);
  const trace = { leader: tool.pid, leaderStartTime: readProcess(tool.pid)?.startTime ?? null, marker };
  const ladder = new StopLadder(tool.pid, request.grace_seconds * 1000);
  let stopCause: StopCause | undefined;
  const timeout = setTimeout(() => {
    stopCause ??= 'timeout';
    ladder.interrupt();
  }, request.timeout * 60_000);
  context.cancels.listen((count) => {
    stopCause ??= 'cancel';
    if (count === 1) ladder.interrupt();
    else ladder.kill();
  });

  const exit = await tool.exited;
  const endedAt = new Date();
  clearTimeout(timeout);
  context.cancels.listen(() => undefined);
  ladder.end();
  await killLeftovers(trace);
  const output = await tool.collectOutput();
  return toResponse({
    tool: request.tool,
    command: request.command,
    exit,
    output,
    startedAt,
    endedAt,
    timeoutMinutes: request.timeout,
    stopCause,
    wasKilled: ladder.hasKilled,
  });
}

/** @returns undefined when a cancel came first. */
async function locateUnlessCancelled(
  request: CompleteRunnerRequest,
  environment: Record<string, string>,
  context: CallContext,
): Promise<string | undefined> {
  const abort = new AbortController();
  context.cancels.listen(() => abort.abort());
  try {
    const file = await locateTool({
      tool: request.tool,
      version: request.tool_version,
      toolsDir: context.environment.IAC_RUNNER_TOOLS_DIR,
      environment,
      signal: abort.signal,
    });
    return context.cancels.isRequested ? undefined : file;
  } catch (error) {
    if (context.cancels.isRequested) return undefined;
    throw error;
  }
}

/** Chooses how the output is taken: a file outlives the runner, a PTY folds at `columns`, pipes touch no byte. */
async function start(
  tool: ToolStart,
  request: CompleteRunnerRequest,
  copy: OutputCopy | undefined,
): Promise<ToolProcess> {
  const maxOutputBytes = request.max_output_bytes;
  const separateStderr = request.args.some((argument) => /^--?json(=|$)/.test(argument));
  if (request.log_file !== undefined) {
    return startFileProcess(tool, { logFile: request.log_file, separateStderr, maxOutputBytes, copy });
  }
  if (request.tty) return startPtyProcess(tool, { columns: request.columns, maxOutputBytes, copy });
  return startPipeProcess(tool, { separateStderr, maxOutputBytes, copy });
}
