import { Inject, Injectable } from '@nestjs/common';
import type { GoCommand, RunnerResponse } from '../../../runner/protocol/runner-protocol';
import type { WorkControl } from '../../common/concurrency/work-control';
import { BuildsConfig } from '../../config/config';
import type { PhaseLog } from '../../live-logs/phase-log';
import { RUNNER_PORT, type RunnerPort, type RunnerResult } from '../../runner';
import { BuildCancelledError, BuildFailedError } from './build-ends';
import type { BuildWorkspace } from './build-workspace';

/** A compiler that is told to stop has nothing to save. */
const GRACE_SECONDS = 5;
const MAX_OUTPUT_BYTES = 64 * 1024;

export interface GoCall {
  /** Names the folder of the call; unique within the build. */
  name: string;
  command: GoCommand;
  args: string[];
  environment: Record<string, string>;
}

/** Asks `iac-runner` for one command of Go. */
@Injectable()
export class GoCaller {
  constructor(
    @Inject(RUNNER_PORT) private readonly runner: RunnerPort,
    private readonly config: BuildsConfig,
  ) {}

  /**
   * @returns the answer of a command that succeeded
   * @throws BuildFailedError with why; BuildCancelledError
   */
  async call(workspace: BuildWorkspace, call: GoCall, log: PhaseLog, control: WorkControl): Promise<RunnerResponse> {
    if (control.isCancelled) throw new BuildCancelledError();
    const directory = await workspace.createCallDirectory(call.name);
    const handle = await this.runner.start({
      directory,
      request: {
        tool: 'go',
        work_dir: workspace.checkout,
        command: call.command,
        args: call.args,
        env_vars: { ...workspace.cacheEnvironment, ...call.environment },
        timeout: this.config.timeoutMinutes,
        tty: false,
        max_output_bytes: MAX_OUTPUT_BYTES,
        grace_seconds: GRACE_SECONDS,
      },
    });
    const stopListening = control.onCancel((force) => handle.cancel(force));
    try {
      const [result] = await Promise.all([handle.result, log.follow(handle.logFile, handle.result)]);
      await log.end();
      return this.judge(call, result, control);
    } finally {
      stopListening();
    }
  }

  /** Ends what an earlier server began in this workspace, and waits for that. */
  async endEarlierCalls(workspace: BuildWorkspace): Promise<void> {
    const limits = { timeoutMinutes: this.config.timeoutMinutes, graceSeconds: GRACE_SECONDS };
    for (const name of await workspace.listCalls()) {
      const handle = await this.runner.attach(workspace.callDirectory(name), limits);
      handle?.cancel(true);
      await handle?.result;
    }
  }

  private judge(call: GoCall, result: RunnerResult, control: WorkControl): RunnerResponse {
    if (control.isCancelled) throw new BuildCancelledError();
    const name = `go ${call.command}`;
    if (result.kind === 'lost') throw new BuildFailedError(`${result.reason} (runner_lost). Build it again.`);
    if (result.kind === 'protocol-error') {
      throw new BuildFailedError(`The runner broke its protocol in ${name} (runner_protocol_error): ${result.reason}.`);
    }
    const { response } = result;
    if (response.success) return response;
    if (response.exit_code === null) throw new BuildFailedError(response.error_msg);
    if (response.timed_out) {
      throw new BuildFailedError(
        `${name} did not end within ${this.config.timeoutMinutes} minutes (BUILD_TIMEOUT_MINUTES).`,
      );
    }
    throw new BuildFailedError(`${name} failed with exit status ${response.exit_code}; the log says why.`);
  }
}
