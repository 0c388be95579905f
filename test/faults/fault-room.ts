import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { processesOf, type SeenProcess } from '../support/processes';
import { DeploymentDriver, type DrivenServer } from '../support/run-driver';
import { freePort, spawnServer } from '../support/server-process';
import { sendRequest, type TestResponse } from '../support/test-server';

export const LINES = 20;

/** The calls of the first attempt, the last one first. */
export const CALLS = ['1-apply', '1-show', '1-plan', '1-init'];

/**
 * Appends `$MARK` to a ledger when it is applied, which happens in every run, and prints numbered lines. The first
 * resource is in the state before the second one begins; `while` holds the second one until a file is there.
 */
export const ledgerConfiguration = (dataDir: string, isHeld = false): string => `
variable "mark" { default = "none" }
resource "terraform_data" "first" { input = var.mark }
resource "terraform_data" "ledger" {
  input            = terraform_data.first.output
  triggers_replace = var.mark
  provisioner "local-exec" {
    command = "echo $TF_VAR_mark >> ${dataDir}/ledger; for i in $(seq 1 ${LINES}); do echo numbered $i of ${LINES}; done; ${
      isHeld ? `while [ ! -e ${dataDir}/go ]; do sleep 0.05; done` : 'sleep 0.2'
    }"
  }
}
output "mark" { value = terraform_data.ledger.output }
`;

/** A version as the API tells it. */
export interface SeenVersion {
  id: string;
  serial: number;
  run_id: string | null;
}

/** A server process that is killed and started again on the same data, and what can be seen of its runs. */
export class FaultRoom {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'plomada-faults-'));
  private child: ChildProcess | null = null;
  private output: () => string = () => '';

  private constructor(
    private readonly environment: Record<string, string>,
    private readonly port: number,
    private readonly application: string | undefined,
  ) {}

  /** @param application folder of the built application; this one's when absent */
  static async open(environment: Record<string, string> = {}, application?: string): Promise<FaultRoom> {
    const room = new FaultRoom(
      { STATE_LOCK_TIMEOUT_SECONDS: '2', CANCEL_GRACE_SECONDS: '5', ...environment },
      await freePort(),
      application,
    );
    await room.start();
    return room;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  /** All that the present server has printed. */
  get printed(): string {
    return this.output();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the server again, at the same address: tools at work know no other. */
  async start(environment: Record<string, string> = {}, application = this.application): Promise<void> {
    const { child, output } = this.begin(environment, application);
    await eventually(
      'the server',
      async () => {
        if (child.exitCode !== null) throw new Error(`The server ended:\n${output()}`);
        return (await fetch(`${this.url}/health/live`).catch(() => null))?.ok && existsSync(this.keyFile);
      },
      20_000,
      output,
    );
  }

  /** Starts the server and waits for nothing. */
  begin(
    environment: Record<string, string> = {},
    application = this.application,
  ): { child: ChildProcess; output: () => string } {
    const spawned = spawnServer(
      { DATA_DIR: this.dataDir, PORT: String(this.port), ...this.environment, ...environment },
      application,
    );
    this.child = spawned.child;
    this.output = spawned.output;
    return spawned;
  }

  /** Ends the server and waits for that. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** A request with the admin key. */
  request(method: string, path: string, body?: unknown): Promise<TestResponse> {
    return sendRequest(this.url, method, path, body, this.adminKey);
  }

  /** Sends signals to the server, one after the other, and waits for its end. @returns its exit status; null: a signal ended it */
  async signal(...signals: NodeJS.Signals[]): Promise<number | null> {
    const child = this.child!;
    const ended = once(child, 'exit');
    for (const signal of signals) child.kill(signal);
    const [code] = (await ended) as [number | null];
    this.child = null;
    return code;
  }

  /** From now on nobody reads what the server prints: its pipes are broken. */
  deafen(): void {
    this.child?.stdout?.destroy();
    this.child?.stderr?.destroy();
  }

  deploy(configuration: string, fields: Record<string, unknown> = {}): Promise<DeploymentDriver> {
    const driven: DrivenServer = {
      url: this.url,
      adminKey: this.adminKey,
      request: (method, path, body) => this.request(method, path, body),
    };
    return DeploymentDriver.create(driven, { 'main.tf': configuration }, fields);
  }

  private get adminKey(): string {
    return readFileSync(this.keyFile, 'utf8').trim();
  }

  private get keyFile(): string {
    return join(this.dataDir, 'admin.key');
  }

  /** How often the run of this mark was applied. */
  applied(mark: string): number {
    const file = join(this.dataDir, 'ledger');
    return existsSync(file) ? readFileSync(file, 'utf8').split(`${mark}\n`).length - 1 : 0;
  }

  /** Lets a held configuration go on. */
  letGo(): void {
    writeFileSync(join(this.dataDir, 'go'), '');
  }

  /** Starts a run and waits until its provisioner has printed all. */
  async startHeldApply(deployment: DeploymentDriver, mark: string): Promise<{ id: string }> {
    const run = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: mark } });
    await eventually('the provisioner', async () =>
      (await deployment.log(run.id, 'apply')).includes(`numbered ${LINES} of ${LINES}`),
    );
    return run;
  }

  /** The tool of a run, when it is at that command. */
  toolOf(runId: string, command = 'apply'): number | undefined {
    const tool = new RegExp(`^(\\S*/)?terraform ${command}`);
    return processesOf(runId).find(({ commandLine }) => tool.test(commandLine))?.pid;
  }

  /** Whether the provisioner of a held configuration is still there. */
  isHeld(runId: string): boolean {
    return processesOf(runId).some(({ commandLine }) => commandLine.includes('while [ ! -e'));
  }

  /** The runner that answers the present call of a run. */
  runnerOf(runId: string): number | undefined {
    for (const call of CALLS) {
      try {
        const { pid } = JSON.parse(readFileSync(join(this.callDirectory(runId, call), 'call.json'), 'utf8'));
        process.kill(pid, 0);
        return pid;
      } catch {
        // There is no such call, or its runner has ended.
      }
    }
    return undefined;
  }

  /** Kills the runner of a call and all that it started, so that nobody knows how it ended. False: nothing was there. */
  killSession(runId: string, call: string): boolean {
    const directory = this.callDirectory(runId, call);
    // The runner first, then the session of the tool with the waiter that would record its end.
    const runner = killed(join(directory, 'call.json'), 1);
    return killed(join(directory, 'output.log.pid'), -1) || runner;
  }

  /** Kills the runner alone. */
  killRunner(runId: string, call: string): boolean {
    return killed(join(this.callDirectory(runId, call), 'call.json'), 1);
  }

  private callDirectory(runId: string, call: string): string {
    return join(this.dataDir, 'work', runId, 'calls', call);
  }

  async versions(deployment: DeploymentDriver): Promise<SeenVersion[]> {
    return (await deployment.server.request('GET', `${deployment.path}/state/versions`)).body;
  }

  /** What the newest state says was applied last. */
  async markInState(deployment: DeploymentDriver): Promise<unknown> {
    const { body } = await deployment.server.request('GET', `${deployment.path}/state/outputs`);
    return body.mark?.value;
  }

  async lock(deployment: DeploymentDriver): Promise<{ run_id: string | null } | null> {
    return (await deployment.server.request('GET', `${deployment.path}/state/lock`)).body;
  }

  breakLock(deployment: DeploymentDriver): Promise<TestResponse> {
    return deployment.server.request('DELETE', `${deployment.path}/state/lock`);
  }

  nothingIsLeft(runId: string): Promise<unknown> {
    return eventually(
      'no process of the run',
      () => processesOf(runId).length === 0,
      10_000,
      () => JSON.stringify(processesOf(runId)),
    );
  }

  /** Nothing works on these data but the present server and the runners that wait for its requests. */
  nobodyIsLeft(): Promise<unknown> {
    const strangers = (): SeenProcess[] =>
      processesOf(this.dataDir).filter(({ pid, parent }) => pid !== this.pid && parent !== this.pid);
    return eventually(
      'no process of a run or of an earlier server',
      () => strangers().length === 0,
      10_000,
      () => JSON.stringify(strangers()),
    );
  }

  async close(): Promise<void> {
    await this.kill();
    for (const { pid } of processesOf(this.dataDir)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself meanwhile.
      }
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Kills the process that a file names, or its group. */
function killed(file: string, sign: 1 | -1): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    process.kill(sign * pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
