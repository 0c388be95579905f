import type { Readable, Writable } from 'node:stream';
import { CallInHand } from './engine/call-in-hand';
import { writeAtomically } from './process/atomic-file';
import { completeRequest, parseServedRequest } from './protocol/parse-request';
import { RUNNER_DEFAULTS, servedLine, type RunnerResponse } from './protocol/runner-protocol';
import { requestLines } from './request-lines';

/** The call that is under way, and where its answer goes. */
interface Present {
  call: CallInHand;
  responseFile: string;
}

/** The path of the answer and the names around it come on top of a request. */
const MAX_LINE_BYTES = RUNNER_DEFAULTS.maxRequestBytes + 16 * 1024;

/**
 * Serves one call after another; the rules are at `ServedRequest`. Nothing of a call is kept: each has cancels, timers
 * and an environment of its own, and the process itself changes neither its folder nor its variables. After anything that
 * is not as it should be the process ends, which whoever asks it sees.
 */
export async function serve(stdin: Readable, stdout: Writable, exit: (status: number) => void): Promise<void> {
  let present: Present | undefined;
  // Nobody is there to read that we are ready; the end of stdin says the same.
  stdout.on('error', () => undefined);
  watchForTrouble(() => present, exit);
  try {
    for await (const line of requestLines(stdin, MAX_LINE_BYTES)) {
      const { responseFile, request } = parseServedRequest(line);
      const call = new CallInHand();
      present = { call, responseFile };
      writeAnswer(responseFile, await call.run(() => completeRequest(request), undefined));
      present = undefined;
      if (call.hasFault) return exit(1);
      stdout.write(`${servedLine(responseFile)}\n`);
    }
    exit(0);
  } catch {
    // What was asked cannot be read, or the answer cannot be written. The tool's own waiter has recorded how that ended.
    exit(1);
  }
}

function writeAnswer(file: string, response: RunnerResponse): void {
  writeAtomically(file, `${JSON.stringify(response)}\n`);
}

/** Signals are cancels of the present call; without one there is nothing to wait for. */
function watchForTrouble(present: () => Present | undefined, exit: (status: number) => void): void {
  const cancel = (): void => {
    const now = present();
    if (now === undefined) exit(0);
    else now.call.cancels.request();
  };
  const fault = (error: unknown): void => {
    const now = present();
    if (now === undefined) return exit(1);
    now.call.fault(error, (response) => {
      try {
        writeAnswer(now.responseFile, response);
      } finally {
        exit(1);
      }
    });
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  process.on('SIGHUP', () => undefined);
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
}
