import type { DeploymentDriver, RunBody } from '../support/run-driver';
import type { FaultRoom } from './fault-room';
import { LINES } from './fault-room';
import { type LogWitness, withoutNotes } from './log-witness';
import type { Struck } from './chaos-strikes';

const PLANNED = 20;

/** As `ledgerConfiguration`, slower, and with numbered lines in the plan too. */
export const chaosConfiguration = (dataDir: string): string => `
variable "mark" { default = "none" }
resource "terraform_data" "first" { input = [for i in range(${PLANNED}) : "\${var.mark} planned \${i}"] }
resource "terraform_data" "ledger" {
  input            = var.mark
  triggers_replace = var.mark
  depends_on       = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo $TF_VAR_mark >> ${dataDir}/ledger; for i in $(seq 1 ${LINES}); do echo numbered $i of ${LINES}; sleep 0.02; done"
  }
}
output "mark" { value = terraform_data.ledger.output }
`;

/** Which status may follow which. */
const EDGES: Readonly<Record<string, string>> = {
  pending: 'initializing cancelled failed',
  initializing: 'planning cancelled failed',
  planning: 'awaiting_approval applying success cancelled failed',
  awaiting_approval: 'applying cancelled',
  applying: 'success failed cancelled',
};

/** What must be true after any fault. Remembers each version of the state that was ever shown. */
export class ChaosChecks {
  private readonly serials = new Map<string, number>();

  constructor(
    private readonly room: FaultRoom,
    private readonly deployment: DeploymentDriver,
    private readonly witness: LogWitness,
  ) {}

  /** @throws Error that says what is not as it must be */
  async ofRun(run: RunBody, { mark, mustSucceed }: Struck): Promise<void> {
    const applied = this.room.applied(mark);
    const message = String(run.error_message);
    const assert = (isTrue: boolean, otherwise: string): void => {
      if (!isTrue) throw new Error(`${otherwise}: run ${run.id} ${run.status} (${message}), applied ${applied} times`);
    };
    assert(applied <= 1, 'applied twice');
    assert(applied === 0 || run.approved_by !== null, 'applied without an approval');
    assert(run.completed_at >= run.created_at, 'it ended before it was made');
    // A runner that dies in the moment before it starts the tool has applied nothing; a person must start anew.
    const isNeverBegun = message.includes('Nothing was applied (runner_lost)') && applied === 0;
    assert(!mustSucceed || run.status === 'success' || isNeverBegun, 'a fault that no run may fail of');
    if (run.status === 'success') assert(applied === 1, 'lost apply');
    if (run.status === 'failed') assert(message.length > 20, 'failed without a reason');
    const logs = await this.logs(run, assert);
    this.numbers(run, mark, logs, assert);
    await this.state(run, mark, applied, logs.apply ?? '', assert);
    await this.history(run, assert);
  }

  /** Every version that was ever there is still there, and opens. @throws Error */
  async ofVersions(): Promise<void> {
    const versions = await this.room.versions(this.deployment);
    const ids = new Set(versions.map(({ id }) => id));
    for (const id of this.serials.keys()) if (!ids.has(id)) throw new Error('a state version is missing');
    const isFalling = versions.every(({ serial }, place) => place === 0 || serial < versions[place - 1]!.serial);
    if (!isFalling) throw new Error('the serials do not fall');
    for (const { id, serial } of versions.filter((version) => !this.serials.has(version.id))) {
      await this.open(id, serial);
      this.serials.set(id, serial);
    }
  }

  /** All versions again, with their content. @throws Error */
  async ofAllVersions(): Promise<void> {
    for (const [id, serial] of this.serials) await this.open(id, serial);
  }

  get versionCount(): number {
    return this.serials.size;
  }

  private async open(id: string, serial: number): Promise<RunBody> {
    const path = `${this.deployment.path}/state/versions/${id}?download=true`;
    const { status, body } = await this.deployment.server.request('GET', path);
    if (status !== 200 || body?.serial !== serial) throw new Error(`the state with serial ${serial} does not open`);
    return body;
  }

  /** What is stored is what the tools wrote, byte by byte, and nothing else but the platform's own lines. */
  private async logs(
    run: RunBody,
    assert: (isTrue: boolean, otherwise: string) => void,
  ): Promise<Record<string, string>> {
    const logs: Record<string, string> = {};
    for (const phase of ['init', 'plan', 'apply']) {
      const stored = withoutNotes(await this.deployment.log(run.id, phase));
      const written = this.witness.outputOf(run.id, phase);
      assert(written !== null || stored === '', `the log of ${phase} was not witnessed`);
      const at = [...stored].findIndex((character, place) => character !== written?.[place]);
      const where = at < 0 ? `after ${stored.length} of ${written?.length}` : `at ${at}`;
      assert(written === null || stored === written, `the log of ${phase} differs from what was written ${where}`);
      logs[phase] = stored;
    }
    return logs;
  }

  private numbers(
    run: RunBody,
    mark: string,
    logs: Record<string, string>,
    assert: (isTrue: boolean, otherwise: string) => void,
  ): void {
    // Terraform repeats the output of a provisioner that was interrupted, in its error.
    const [output = ''] = (logs.apply ?? '').split('local-exec provisioner error');
    const printed = [...output.matchAll(/numbered (\d+) of/g)].map(([, number]) => Number(number));
    assert(
      printed.every((number, place) => number === place + 1),
      `the log of apply has gaps: ${printed.join(' ')}`,
    );
    if (run.status !== 'success') return;
    assert(printed.length === LINES, 'the log of apply is cut');
    const planned = [...(logs.plan ?? '').matchAll(/"(\S+) planned (\d+)"/g)]
      .filter(([, of]) => of === mark)
      .map(([, , number]) => Number(number));
    const expected = Array.from({ length: PLANNED }, (_none, place) => place);
    // A second attempt may have planned after a first one that did.
    assert(planned.join(' ').endsWith(expected.join(' ')), `the log of plan is cut: ${planned.join(' ')}`);
  }

  /** What was made is in the state, or the run says that it may not be. */
  private async state(
    run: RunBody,
    mark: string,
    applied: number,
    log: string,
    assert: (isTrue: boolean, otherwise: string) => void,
  ): Promise<void> {
    const message = String(run.error_message);
    const versions = await this.room.versions(this.deployment);
    const own = versions.find(({ run_id }) => run_id === run.id);
    if (log.includes('Apply complete!')) assert(own !== undefined, 'terraform saved, and there is no version of it');
    if (run.status === 'success') {
      const made = own && (await this.open(own.id, own.serial));
      assert(made?.outputs?.mark?.value === mark, 'the state does not have it');
    } else if (applied === 1 && !/may be missing from the state|is not known/.test(message)) {
      const made = own && (await this.open(own.id, own.serial));
      assert(JSON.stringify(made ?? null).includes(`${mark} planned 0`), 'the state does not have what was made first');
    }
    const lock = await this.room.lock(this.deployment);
    if (run.status === 'success') assert(lock?.run_id !== run.id, 'locked after success');
    else
      assert(
        lock === null || lock.run_id !== run.id || message.includes('still locked'),
        'locked, and does not say so',
      );
  }

  /** The statuses as every reader is told them: allowed steps, one end, each event once. */
  private async history(run: RunBody, assert: (isTrue: boolean, otherwise: string) => void): Promise<void> {
    const stream = await this.deployment.stream(run.id);
    await stream.ended;
    const events = stream.events();
    const numbers = events.map(({ id }) => Number(/(\d+)$/.exec(id)?.[1]));
    assert(
      numbers.every((number, place) => place === 0 || number > numbers[place - 1]!),
      'events out of order',
    );
    const statuses = events.flatMap(({ event, data }) => (event === 'status' ? [String(data.status)] : []));
    const isLegal = statuses.every((to, place) => place === 0 || (EDGES[statuses[place - 1]!] ?? '').includes(to));
    assert(isLegal && statuses[0] === 'pending', `a history that may not be: ${statuses.join(' ')}`);
    assert(statuses.at(-1) === run.status, 'the history ends otherwise than the run');
    assert(events.filter(({ event }) => event === 'end').length === 1, 'not one end');
  }
}
