import { Inject, Injectable, Logger } from '@nestjs/common';
import type { RunnerCommand, RunnerResponse } from '../../../runner/protocol/runner-protocol';
import { Clock } from '../../common/clock';
import { readJson, writeJsonAtomically } from '../../common/files/json-file';
import { newId } from '../../common/ids';
import { RunsConfig } from '../../config/config';
import type { PhaseLog } from '../../live-logs/phase-log';
import { BOOT_ID, RUNNER_PORT, RunnerHandle, RunnerPort, RunnerResult } from '../../runner';
import type { LogPhase } from '../domain/log-phase';
import type { RunEntity } from '../persistence/run.entity';
import { RunRecordsRepository } from '../persistence/run-records.repository';
import { RunJournal } from '../run-journal.service';
import type { WorkControl } from '../../common/concurrency/work-control';
import { KILLED_APPLY, RunCancelledError, RunFailedError, RunnerLostError } from './run-ends';
import type { RunWorkspace } from './run-workspace';

/** Kept of the output in the answer, for runners that know nothing of `log_file`. */
const MAX_OUTPUT_BYTES = 2 ** 20;

export interface ToolCall {
  phase: LogPhase;
  command: RunnerCommand;
  args: string[];
  workDirectory: string;
  environment: Record<string, string>;
  requestedBy: string;
  /** Null for output that is data and not log. */
  log: PhaseLog<LogPhase> | null;
}

/** Asks the runner for one command of a run and waits for its end, across restarts of the server. */
@Injectable()
export class ToolCaller {
  private readonly logger = new Logger(ToolCaller.name);

  constructor(
    @Inject(RUNNER_PORT) private readonly runner: RunnerPort,
    private readonly records: RunRecordsRepository,
    private readonly journal: RunJournal,
    private readonly config: RunsConfig,
    private readonly clock: Clock,
  ) {}

  /** One folder for each command and attempt, so that a retry never meets the files of the first try. */
  private callName(run: RunEntity, command: RunnerCommand): string {
    return `${run.attempt}-${command}`;
  }

  /** True when this command was asked of a runner before, perhaps by a server that is gone. */
  isStarted(run: RunEntity, workspace: RunWorkspace, command: RunnerCommand): boolean {
    return this.runner.isStarted(workspace.callDirectory(this.callName(run, command)));
  }

  /**
   * A call that is in the database and not in its folder was about to start when its server ended. When the machine
   * ended as well, the folder may just not have reached the disk.
   * @throws RunnerLostError when the command may have been at work before the machine was started again
   */
  async assertNotLostWithTheMachine(run: RunEntity, command: RunnerCommand): Promise<void> {
    const calls = await this.records.findExecutions(run.id);
    const isLost = calls.some(
      ({ bootId, command: other }) => other === command && bootId !== BOOT_ID && bootId !== null,
    );
    if (isLost) throw new RunnerLostError('The machine was started anew, and what it was at is not recorded.', true);
  }

  /**
   * Follows the call if it was started before, starts it otherwise.
   * @returns the answer of a command that succeeded, and where its output is
   * @throws RunFailedError, RunCancelledError; RunnerLostError when nothing is known of how it ended
   */
  async call(
    run: RunEntity,
    workspace: RunWorkspace,
    call: ToolCall,
    control: WorkControl,
  ): Promise<{ response: RunnerResponse; outputFile: string }> {
    const directory = await workspace.createCallDirectory(this.callName(run, call.command));
    const limits = { timeoutMinutes: run.timeoutMinutes, graceSeconds: this.config.cancelGraceSeconds };
    const attached = await this.runner.attach(directory, limits);
    if (!attached && control.isCancelled) throw new RunCancelledError(null, 'never begun');
    const handle = attached ?? (await this.start(run, workspace, call, directory));
    const stopListening = control.onCancel((force) => handle.cancel(force));
    try {
      const result = await this.takeIn(handle, call.log);
      // Output that is data is needed until its reader is done with it.
      const isTakenIn = call.log !== null || result.kind !== 'answered';
      await Promise.all([this.recordEnd(directory, result), isTakenIn ? this.settle(directory, result) : null]);
      return { response: this.judge(run, call, result, control.isCancelled), outputFile: handle.logFile };
    } finally {
      stopListening();
    }
  }

  private async start(
    run: RunEntity,
    workspace: RunWorkspace,
    call: ToolCall,
    directory: string,
  ): Promise<RunnerHandle> {
    const executionId = newId();
    await this.journal.storeForSure((transaction) =>
      this.records.insertExecution(transaction, {
        id: executionId,
        runId: run.id,
        phase: call.phase,
        tool: run.tool,
        command: call.command,
        args: call.args.map((argument) => workspace.withoutRoot(argument)),
        envNames: Object.keys(call.environment).sort(),
        exitCode: null,
        startedAt: this.clock.timestamp(),
        endedAt: null,
        requestedBy: call.requestedBy,
        bootId: BOOT_ID,
      }),
    );
    await writeJsonAtomically(executionFile(directory), { id: executionId });
    return this.runner.start({
      directory,
      request: {
        tool: run.tool,
        work_dir: call.workDirectory,
        command: call.command,
        args: call.args,
        env_vars: call.environment,
        timeout: run.timeoutMinutes,
        ...(run.requestedToolVersion === null ? {} : { tool_version: run.requestedToolVersion }),
        tty: false,
        max_output_bytes: MAX_OUTPUT_BYTES,
        grace_seconds: this.config.cancelGraceSeconds,
      },
    });
  }

  /** Takes the output into the log while it comes, to the end. */
  private async takeIn(handle: RunnerHandle, log: PhaseLog<LogPhase> | null): Promise<RunnerResult> {
    if (log === null) return handle.result;
    const [ended] = await Promise.all([handle.result, log.follow(handle.logFile, handle.result)]);
    if (ended.kind === 'answered') await log.addUnlessFollowed(ended.response.output);
    if (ended.kind === 'protocol-error' && ended.evidence !== '') {
      await log.note(`The runner answered, among the first 4 KiB:\r\n${ended.evidence}`);
    }
    await log.end();
    return ended;
  }

  private async recordEnd(directory: string, result: RunnerResult): Promise<void> {
    const execution = await readJson<{ id: string }>(executionFile(directory));
    if (!execution) return;
    const answered = result.kind === 'answered' ? result.response : null;
    await this.journal.storeForSure((transaction) =>
      this.records.endExecution(transaction, execution.id, {
        exitCode: answered?.exit_code ?? null,
        endedAt: answered ? new Date(answered.ended_at).toISOString() : this.clock.timestamp(),
      }),
    );
  }

  /** How the command ended is known; that its files cannot be tidied must not change it. */
  private async settle(directory: string, result: RunnerResult): Promise<void> {
    await this.runner.settle(directory, result).catch((error: unknown) => {
      this.logger.warn({ event: 'call_not_settled', error: error instanceof Error ? error.message : String(error) });
    });
  }

  private judge(run: RunEntity, call: ToolCall, result: RunnerResult, isCancelled: boolean): RunnerResponse {
    if (result.kind === 'lost') throw new RunnerLostError(result.reason, result.mayHaveStarted);
    const name = `${run.tool} ${call.command}`;
    if (result.kind === 'protocol-error') {
      throw new RunFailedError(`The runner broke its protocol in ${name} (runner_protocol_error): ${result.reason}.`);
    }
    const { response } = result;
    if (response.success) return response;
    const isKilled = response.signal !== undefined || (response.exit_code ?? 0) > 128;
    const warning = isKilled && call.command === 'apply' ? ` ${KILLED_APPLY}` : '';
    if (response.timed_out) {
      const end = isKilled ? 'was interrupted, did not stop, and was killed' : 'was stopped';
      throw new RunFailedError(
        `${name} did not end within ${run.timeoutMinutes} minutes and ${end} (timeout).${warning}`,
        response.exit_code,
      );
    }
    if (response.cancelled && isCancelled) {
      throw new RunCancelledError(response.exit_code, isKilled ? 'killed' : 'stopped');
    }
    if (response.cancelled) {
      // Such as a supervisor that ends every process of the server.
      const message = `${name} was stopped by a signal from outside the platform.${warning}`;
      throw call.command === 'apply' ? new RunFailedError(message, response.exit_code) : new RunnerLostError(message);
    }
    if (isKilled) {
      const signal = response.signal ?? (response.exit_code === 137 ? 'SIGKILL' : `status ${response.exit_code}`);
      throw new RunFailedError(`${name} was killed (${signal}).${warning}`, response.exit_code);
    }
    if (response.exit_code === null) {
      throw new RunFailedError(`${name} could not be started: ${withoutFolders(response.error_msg)}`);
    }
    throw new RunFailedError(
      `${name} failed with exit status ${response.exit_code}; the log says why.`,
      response.exit_code,
    );
  }
}

function executionFile(callDirectory: string): string {
  return `${callDirectory}/execution.json`;
}

/** Where programs lie on the host is nobody's business. */
function withoutFolders(message: string): string {
  return message === '' ? 'the runner gave no reason' : message.replace(/\/(?:[^\s/]+\/)+/g, '');
}
