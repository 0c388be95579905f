import { Answer } from './answer';
import { type CommandLine, HELP, parseCommandLine, versionLine } from './command-line';
import { CallInHand } from './engine/call-in-hand';
import { OutputCopy } from './process/output-copy';
import { parseRunnerRequest } from './protocol/parse-request';
import { RUNNER_DEFAULTS } from './protocol/runner-protocol';
import { readRequestText } from './read-request';
import { serve } from './serve';

const exit = (status: number): void => process.exit(status);

/** Everything is set up before the first byte of stdin is read: a runner may be kept started and waiting there. */
function main(): void {
  const choice = parseCommandLine(process.argv.slice(2));
  if (choice.action === 'help') process.stdout.write(HELP, () => exit(0));
  else if (choice.action === 'version') process.stdout.write(`${versionLine()}\n`, () => exit(0));
  else if (choice.action === 'refuse') refuse(choice.message);
  else if (process.stdin.isTTY) refuse(TERMINAL_HINT);
  else if (choice.action === 'serve') void serve(process.stdin, process.stdout, exit);
  else void runOnce(choice);
}

type RunChoice = Extract<CommandLine, { action: 'run' }>;

const EARLY_CANCEL = 'cancelled before a request was read';
const TERMINAL_HINT =
  'the request is expected on stdin, which is a terminal here. Try: iac-runner < request.json, or iac-runner --help';

function refuse(message: string): void {
  new Answer(process.stdout, exit).give(new CallInHand().neverStarted(message));
}

async function runOnce({ stream, additionalTools }: RunChoice): Promise<void> {
  const answer = new Answer(process.stdout, exit);
  const call = new CallInHand();
  watchForTrouble(call, answer);
  const copy = stream ? new OutputCopy(process.stderr) : undefined;
  const read = async (): Promise<ReturnType<typeof parseRunnerRequest>> =>
    parseRunnerRequest(await readRequestText(process.stdin, RUNNER_DEFAULTS.maxRequestBytes), additionalTools);
  answer.give(await call.run(read, copy));
}

/** Signals are cancels. A terminal that closes is none: it must not stop an apply. */
function watchForTrouble(call: CallInHand, answer: Answer): void {
  call.cancels.listen(() => answer.give(call.stoppedEarly(EARLY_CANCEL)));
  process.on('SIGINT', () => call.cancels.request());
  process.on('SIGTERM', () => call.cancels.request());
  process.on('SIGHUP', () => undefined);
  const fault = (error: unknown): void => call.fault(error, (response) => answer.give(response));
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
}

main();
