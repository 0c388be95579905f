import type { OutputCopy } from '../process/output-copy';
import { type CompleteRunnerRequest, RunnerRequestError } from '../protocol/parse-request';
import type { RunnerResponse } from '../protocol/runner-protocol';
import { CallRefusedError } from './call-refused';
import { CancelRequests } from './cancel-requests';
import { neverStarted } from './outcome';
import { runCall } from './run-call';

/** One call from its request to its answer, with the cancels and the faults that come meanwhile. */
export class CallInHand {
  readonly cancels = new CancelRequests();
  private readonly startedAt = new Date();
  private internalError: string | undefined;

  /** Whether something in here has failed that nobody caught: then nothing more should be asked of this process. */
  get hasFault(): boolean {
    return this.internalError !== undefined;
  }

  /**
   * Reads the request and does what it asks.
   *
   * @returns the answer, whatever happens; never rejects.
   */
  async run(
    read: () => CompleteRunnerRequest | Promise<CompleteRunnerRequest>,
    copy: OutputCopy | undefined,
  ): Promise<RunnerResponse> {
    try {
      const request = await read();
      const response = await runCall(request, { environment: process.env, cancels: this.cancels, copy });
      await copy?.ready();
      return this.withInternalError(response);
    } catch (error) {
      const isExpected = error instanceof RunnerRequestError || error instanceof CallRefusedError;
      const message = error instanceof Error ? error.message : String(error);
      return this.neverStarted(isExpected ? message : `iac-runner could not run the tool: ${message}`);
    }
  }

  /**
   * A fault inside the runner. With a tool at work this is treated as a cancel, so that the tool ends properly and the
   * answer comes after its end; without one, whoever listens for cancels answers at once. At the second fault nothing
   * can be relied on: then `giveUp` is called with the answer as things are.
   */
  fault(error: unknown, giveUp: (response: RunnerResponse) => void): void {
    const isFirst = this.internalError === undefined;
    this.internalError ??= `iac-runner failed inside: ${error instanceof Error ? error.message : String(error)}`;
    if (isFirst) this.cancels.request();
    else giveUp(this.neverStarted(this.internalError));
  }

  /** The answer to a cancel, or after a fault, when there is no request yet. */
  stoppedEarly(cancelMessage: string): RunnerResponse {
    const message = this.internalError ?? cancelMessage;
    return neverStarted(message, this.startedAt, this.internalError === undefined);
  }

  neverStarted(message: string): RunnerResponse {
    return neverStarted(message, this.startedAt, false);
  }

  /** A tool that ended well has done so whatever happened in here; else the fault is what the caller must know of. */
  private withInternalError(response: RunnerResponse): RunnerResponse {
    if (this.internalError === undefined || response.success) return response;
    return { ...response, error_msg: this.internalError, cancelled: undefined };
  }
}
