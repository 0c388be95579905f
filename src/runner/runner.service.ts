import { rm } from 'node:fs/promises';
import { uptime } from 'node:os';
import type { RunnerRequest } from '../../runner/protocol/runner-protocol';
import type { RunsConfig, StorageConfig } from '../config/config';
import { readJson, writeJsonAtomically } from '../common/files/json-file';
import { BOOT_ID } from './boot-id';
import { CallFiles, CallRecord } from './call-files';
import type { RunnerEnd } from './call-runner';
import { CallFollower } from './call-follower';
import { startTimeOf } from './process-identity';
import { RunnerLauncher } from './runner-launcher';
import type { RunnerCall, RunnerHandle, RunnerPort, RunnerResult } from './runner.port';

/** Starts `iac-runner` for each call; nothing else in the server starts it, and nothing starts terraform, tofu or go. */
export class RunnerService implements RunnerPort {
  private readonly launcher: RunnerLauncher;
  private readonly stopping = new AbortController();

  constructor(
    private readonly config: RunsConfig,
    storage: StorageConfig,
    environment: NodeJS.ProcessEnv,
  ) {
    this.launcher = new RunnerLauncher(config, storage.workRoot, environment);
  }

  /** Clears what a killed server left, and starts the first spare runner. */
  begin(): void {
    this.launcher.clear();
    this.launcher.prepare();
  }

  async start(call: RunnerCall): Promise<RunnerHandle> {
    const files = new CallFiles(call.directory);
    if (files.isStarted) throw new Error('A call was started in this folder before; attach to it instead.');
    const request: RunnerRequest = { ...call.request, log_file: files.log };
    const text = JSON.stringify(request);
    const runner = this.launcher.take(request.tool, Buffer.byteLength(text));
    try {
      runner.moveTo(files);
      const record: CallRecord = {
        pid: runner.pid ?? 0,
        start_time: runner.pid === undefined ? null : startTimeOf(runner.pid),
        started_at: new Date().toISOString(),
        boot_id: BOOT_ID,
        started_at_uptime: uptime(),
        ...(runner.serves ? { serves: true } : {}),
      };
      // The record before the request: should we die between the two, the runner is asked nothing and starts nothing.
      await writeJsonAtomically(files.record, record);
      runner.send(text);
      const limits = { timeoutMinutes: request.timeout, graceSeconds: request.grace_seconds ?? 0 };
      const handle = this.follow(files, record, limits, runner.end);
      handle.result.then(
        (result) => runner.release(handle.leftRunnerAsItWas(result)),
        // The server stops: the runner finishes its call.
        () => undefined,
      );
      return handle;
    } catch (error) {
      runner.release(false);
      throw error;
    }
  }

  async attach(
    directory: string,
    limits: { timeoutMinutes: number; graceSeconds: number },
  ): Promise<RunnerHandle | null> {
    const files = new CallFiles(directory);
    const ended = await readJson<RunnerResult>(files.ended);
    if (ended && 'kind' in ended)
      return { logFile: files.log, result: Promise.resolve(ended), cancel: () => undefined };
    // A record that cannot be read still says that a tool may be at work: it is followed by what it left itself.
    const record = (await readJson<CallRecord>(files.record)) ?? (files.isStarted ? unknownRunner() : null);
    return record ? this.follow(files, record, limits, null) : null;
  }

  private follow(
    files: CallFiles,
    record: CallRecord,
    limits: { timeoutMinutes: number; graceSeconds: number },
    end: Promise<RunnerEnd> | null,
  ): CallFollower {
    return new CallFollower(files, record, limits, this.stopping.signal, end, this.config.isBundledRunner);
  }

  async settle(directory: string, result: RunnerResult): Promise<void> {
    const files = new CallFiles(directory);
    const kept: RunnerResult =
      result.kind === 'answered' ? { ...result, response: { ...result.response, output: '' } } : result;
    // The log first: it may be what fills the disk. The answer stays until its short form is written.
    await Promise.all([files.log, files.toolStderr].map((file) => rm(file, { force: true })));
    await writeJsonAtomically(files.ended, kept.kind === 'protocol-error' ? { ...kept, evidence: '' } : kept);
    await Promise.all([files.response, files.stderr].map((file) => rm(file, { force: true })));
  }

  isStarted(directory: string): boolean {
    return new CallFiles(directory).isStarted;
  }

  async check(): Promise<string | null> {
    const probe = this.launcher.launch(['--version']);
    const outcome = await Promise.race([
      probe.end,
      new Promise<null>((resolve) => setTimeout(resolve, 10_000, null).unref()),
    ]);
    probe.dismiss();
    if (outcome === null) return 'The runner does not answer.';
    if (outcome.kind !== 'exited' || outcome.code !== 0) return 'The runner cannot be started. Check RUNNER_COMMAND.';
    return null;
  }

  /** Lets go of every call: the tools go on, and the next server follows them. */
  stop(): void {
    this.stopping.abort();
    this.launcher.stop();
  }
}

/** In the place of a record that is damaged: a runner that is gone. */
function unknownRunner(): CallRecord {
  return { pid: 0, start_time: null, started_at: new Date().toISOString(), started_at_uptime: uptime() };
}
