import { Answer } from './answer';
import { type CommandLine, HELP, parseCommandLine, versionLine } from './command-line';
import { CancelRequests } from './engine/cancel-requests';
import { CallRefusedError } from './engine/call-refused';
import { neverStarted } from './engine/outcome';
import { runCall } from './engine/run-call';
import { OutputCopy } from './process/output-copy';
import { parseRunnerRequest, RunnerRequestError } from './protocol/parse-request';
import { RUNNER_DEFAULTS, type RunnerResponse } from './protocol/runner-protocol';
import { readRequestText } from './read-request';

const startedAt = new Date();
const exit = (status: number): void => process.exit(status);
const answer = new Answer(process.stdout, exit);
const cancels = new CancelRequests();
let internalError: string | undefined;

/** Everything is set up before the first byte of stdin is read: a runner may be kept started and waiting there. */
function main(): void {
  const choice = parseCommandLine(process.argv.slice(2));
  if (choice.action === 'help') process.stdout.write(HELP, () => exit(0));
  else if (choice.action === 'version') process.stdout.write(`${versionLine()}\n`, () => exit(0));
  else if (choice.action === 'refuse') answer.give(neverStarted(choice.message, startedAt, false));
  else if (process.stdin.isTTY) answer.give(neverStarted(TERMINAL_HINT, startedAt, false));
  else void run(choice);
}

type RunChoice = Extract<CommandLine, { action: 'run' }>;

const EARLY_CANCEL = 'cancelled before a request was read';
const TERMINAL_HINT =
  'the request is expected on stdin, which is a terminal here. Try: iac-runner < request.json, or iac-runner --help';

async function run({ stream, additionalTools }: RunChoice): Promise<void> {
  watchForTrouble();
  const copy = stream ? new OutputCopy(process.stderr) : undefined;
  try {
    const text = await readRequestText(process.stdin, RUNNER_DEFAULTS.maxRequestBytes);
    const request = parseRunnerRequest(text, additionalTools);
    const response = await runCall(request, { environment: process.env, cancels, copy });
    await copy?.ready();
    answer.give(withInternalError(response, internalError));
  } catch (error) {
    const isExpected = error instanceof RunnerRequestError || error instanceof CallRefusedError;
    const message = error instanceof Error ? error.message : String(error);
    answer.give(neverStarted(isExpected ? message : `iac-runner could not run the tool: ${message}`, startedAt, false));
  }
}

/** Signals are cancels. A terminal that closes is none: it must not stop an apply. */
function watchForTrouble(): void {
  cancels.listen(() =>
    answer.give(neverStarted(internalError ?? EARLY_CANCEL, startedAt, internalError === undefined)),
  );
  process.on('SIGINT', () => cancels.request());
  process.on('SIGTERM', () => cancels.request());
  process.on('SIGHUP', () => undefined);
  process.on('uncaughtException', stopAfterInternalError);
  process.on('unhandledRejection', stopAfterInternalError);
}

/**
 * A fault inside the runner. With a tool at work this is treated as a cancel, so that the tool ends properly and the
 * answer comes after its end; without one, whoever listens for cancels answers at once. At the second fault nothing
 * can be relied on, and the answer is given as things are.
 */
function stopAfterInternalError(error: unknown): void {
  const isFirst = internalError === undefined;
  internalError ??= `iac-runner failed inside: ${error instanceof Error ? error.message : String(error)}`;
  if (isFirst) cancels.request();
  else answer.give(neverStarted(internalError, startedAt, false));
}

/** A tool that ended well has done so whatever happened in here; else the fault is what the caller must know of. */
function withInternalError(response: RunnerResponse, message: string | undefined): RunnerResponse {
  if (message === undefined || response.success) return response;
  return { ...response, error_msg: message, cancelled: undefined };
}

main();
