import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { Transaction as OpenTransaction } from '../../database/transaction';
import { ExecutionEntity } from './execution.entity';
import { RunPlanEntity } from './run-plan.entity';
import { RunTransitionEntity } from './run-transition.entity';

/** What is recorded beside a run: its changes of status, its calls of the runner, its plan. */
@Injectable()
export class RunRecordsRepository {
  constructor(private readonly database: Database) {}

  async insertTransition(transaction: Transaction, transition: RunTransitionEntity): Promise<void> {
    await insertRow(transaction, RunTransitionEntity, transition);
  }

  findTransitions(runId: string): Promise<RunTransitionEntity[]> {
    return this.database.readManager().find(RunTransitionEntity, { where: { runId }, order: { at: 'ASC' } });
  }

  async insertExecution(transaction: Transaction, execution: ExecutionEntity): Promise<void> {
    await insertRow(transaction, ExecutionEntity, execution);
  }

  async endExecution(
    transaction: Transaction,
    id: string,
    end: { exitCode: number | null; endedAt: string },
  ): Promise<void> {
    await updateRows(transaction, ExecutionEntity, { id }, end);
  }

  /** In the order in which they were started. */
  findExecutions(runId: string): Promise<ExecutionEntity[]> {
    return this.database.readManager().find(ExecutionEntity, { where: { runId }, order: { startedAt: 'ASC' } });
  }

  /** Replaces what an earlier attempt stored. */
  async storePlan(transaction: Transaction, runId: string, data: Buffer): Promise<void> {
    await OpenTransaction.managerOf(transaction).delete(RunPlanEntity, { runId });
    await insertRow(transaction, RunPlanEntity, { runId, data });
  }

  async findPlan(runId: string): Promise<Buffer | null> {
    return (await this.database.readManager().findOneBy(RunPlanEntity, { runId }))?.data ?? null;
  }
}
