import { Injectable } from '@nestjs/common';
import type { RunEntity } from '../persistence/run.entity';
import { RunFailedError } from './run-ends';
import { RunInputs } from './run-inputs';
import type { RunWorkspace } from './run-workspace';

/** Where the platform tells what it sees. */
interface Notes {
  note(text: string): Promise<void>;
}

/** What must be true when an apply begins: that it is what was approved. */
@Injectable()
export class ApplyConditions {
  constructor(private readonly inputs: RunInputs) {}

  /**
   * What was approved is what is on the disk, bit by bit; otherwise nothing is applied.
   * @throws RunFailedError
   */
  async assertPlan(run: RunEntity, workspace: RunWorkspace): Promise<void> {
    const found = await workspace.hashPlan();
    if (found === null) throw new RunFailedError('The plan that was approved is gone (plan_lost). Start a new run.');
    if (found !== run.planSha256 || (await workspace.clonedCommit()) !== run.commitSha) {
      throw new RunFailedError('The plan file is not the one that was approved; nothing was applied. Start a new run.');
    }
    await workspace.assertSpace();
  }

  /**
   * Plan and apply get the environment as it is when they start: credentials may be short-lived. Who approves for others
   * must know that it is the same; where anybody may approve, the log says so.
   * @throws RunFailedError
   */
  async assertEnvironment(run: RunEntity, environment: Record<string, string>, log: Notes): Promise<void> {
    if (run.plannedEnvironment === null) return;
    const present = this.inputs.fingerprintOf(environment);
    if (run.plannedEnvironment[''] !== present['']) {
      await log.note('The encryption key was changed since the plan: whether variables were, too, cannot be told.');
      return;
    }
    const changed = changedNames(run.plannedEnvironment, present);
    if (changed.length === 0) return;
    const what = `Variables of the environment were changed since the plan: ${changed.join(', ')}.`;
    if ((run.approvalsRequired ?? 1) > 1 || run.approvalsNotByRequester) {
      throw new RunFailedError(`${what} That is not what was approved (inputs_changed). Start a new run.`);
    }
    await log.note(what);
  }
}

/** Names whose values differ, or which one of the two lacks. */
function changedNames(one: Record<string, string>, other: Record<string, string>): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => one[name] !== other[name]).sort();
}
