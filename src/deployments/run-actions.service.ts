import { Injectable } from '@nestjs/common';
import { ExistingKeys } from '../api-keys';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, NotFoundError } from '../common/errors';
import { DeploymentReader } from './deployment-reader.service';
import { assertMayApprove, missingApprovals, type PlanApproval } from './domain/plan-approvals';
import { isFinal, RunStatusConflictError } from './domain/run-status';
import type { ApproveRunRequest, CancelRunRequest } from './dto/run-actions.request';
import type { RunResponse } from './dto/run.response';
import { RunStreams } from './run-stream.service';
import { RunWorkspaces } from './execution/run-workspaces';
import type { DeploymentEntity } from './persistence/deployment.entity';
import type { RunEntity } from './persistence/run.entity';
import { RunRepository } from './persistence/run.repository';
import { runEvent } from './run-audit';
import { type Move, type RunDecision, RunJournal } from './run-journal.service';
import { RunScheduler } from './run-scheduler.service';
import { RunViews } from './run-views.service';
import { RunsService } from './runs.service';

/** What people do with a run: approve, reject, cancel, delete. */
@Injectable()
export class RunActions {
  constructor(
    private readonly reader: RunsService,
    private readonly runs: RunRepository,
    private readonly deployments: DeploymentReader,
    private readonly journal: RunJournal,
    private readonly scheduler: RunScheduler,
    private readonly views: RunViews,
    private readonly workspaces: RunWorkspaces,
    private readonly streams: RunStreams,
    private readonly audit: AuditService,
    private readonly keys: ExistingKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Approves the plan that waits, or rejects it. The approval that was the last to be needed begins the apply.
   * @throws ConflictError unless the run awaits approval, when its plan is not the one that was looked at, or when the
   * key has approved before; DomainError (403) when the key may not, since it started the run
   */
  async approve(actor: Actor, deploymentId: string, runId: string, request: ApproveRunRequest): Promise<RunResponse> {
    assertAwaited(await this.reader.getEntity(deploymentId, runId), request);
    const deployment = await this.deployments.getEntity(deploymentId);
    const decided = await this.journal.decide(runId, async (transaction, run) => {
      assertAwaited(run, request);
      const { decision, count } = request.approved
        ? await this.approval(actor, run, request)
        : { decision: rejection(actor, request), count: undefined };
      await this.audit.record(
        transaction,
        runEvent(actor, request.approved ? 'run.approve' : 'run.reject', deployment, runId, {
          plan_sha256: run.planSha256,
          commit_sha: run.commitSha,
          ...(count === undefined ? {} : { approval: count }),
          ...(request.comment ? { comment: request.comment } : {}),
        }),
      );
      return decision;
    });
    if (!decided) throw new NotFoundError('run');
    return this.views.toResponse(decided);
  }

  private async approval(
    actor: Actor,
    run: RunEntity,
    { comment }: ApproveRunRequest,
  ): Promise<{ decision: RunDecision; count: string }> {
    assertMayApprove(run, actor);
    const now = this.clock.timestamp();
    const approval: PlanApproval = {
      key_id: actor.keyId,
      by: actor.label,
      at: now,
      comment: comment ?? null,
      plan_sha256: run.planSha256,
      commit_sha: run.commitSha,
    };
    // A key that was deleted since was revoked, and so is what it approved.
    const existing = await this.keys.find(run.approvals.map(({ key_id }) => key_id));
    const approvals = [...run.approvals.filter(({ key_id }) => existing.has(key_id)), approval];
    const required = run.approvalsRequired ?? 1;
    const count = `${approvals.length} of ${required}`;
    if (missingApprovals({ ...run, approvals }) > 0) return { decision: { changes: { approvals } }, count };
    const move: Move = {
      to: 'applying',
      cause: 'person',
      actor: actor.label,
      reason: `approved${required > 1 ? ` (${count})` : ''}${comment ? `: ${comment}` : ''}`,
      changes: { approvals, approvedBy: actor.label, approvedAt: now },
    };
    return { decision: { move }, count };
  }

  /**
   * Ends a run: at once when nothing works on it; otherwise its tool is interrupted, and the run ends when the tool has.
   * @throws ConflictError when it has ended
   */
  async cancel(actor: Actor, deploymentId: string, runId: string, request: CancelRunRequest): Promise<RunResponse> {
    const deployment = await this.deployments.getEntity(deploymentId);
    const force = request.force ?? false;
    for (;;) {
      const run = await this.reader.getEntity(deploymentId, runId);
      if (isFinal(run.status)) throw new RunStatusConflictError(run.status, 'cancelled');
      const cancelled = await this.tryCancel(actor, run, deployment, force);
      if (cancelled) return this.views.toResponse(cancelled);
    }
  }

  /** Deletes a run with its logs, its plan and its directory. @throws ConflictError while it is active */
  async delete(actor: Actor, deploymentId: string, runId: string): Promise<void> {
    const run = await this.reader.getEntity(deploymentId, runId);
    const deployment = await this.deployments.getEntity(deploymentId);
    if (!isFinal(run.status)) throw new RunStatusConflictError(run.status, 'deleted');
    const event = runEvent(actor, 'run.delete', deployment, runId, { status: run.status });
    await this.audit.perform(event, async (transaction) => {
      // Of many who delete it at once, one does.
      await this.reader.getEntity(deploymentId, runId);
      await this.runs.delete(transaction, runId);
    });
    this.streams.closeSubjects([runId]);
    await this.workspaces.of(runId).remove();
  }

  /** Null when the run moved meanwhile: look again. */
  private async tryCancel(
    actor: Actor,
    run: RunEntity,
    deployment: DeploymentEntity,
    force: boolean,
  ): Promise<RunEntity | null> {
    const now = this.clock.timestamp();
    const inSameUnit: Parameters<RunJournal['move']>[2] = (transaction) =>
      this.audit.record(transaction, runEvent(actor, 'run.cancel', deployment, run.id, { force, status: run.status }));
    const isWaiting = run.status === 'pending' || run.status === 'awaiting_approval';
    if (isWaiting || (run.status === 'applying' && this.scheduler.withdraw(run.id))) {
      const message = `Cancelled by ${actor.label}.`;
      const changes = { cancelledBy: actor.label, cancelRequestedAt: now, errorMessage: message };
      return this.journal.move(
        run,
        { to: 'cancelled', cause: 'person', actor: actor.label, reason: message, changes },
        inSameUnit,
      );
    }
    const changes = {
      cancelledBy: run.cancelledBy ?? actor.label,
      cancelRequestedAt: run.cancelRequestedAt ?? now,
      cancelForce: run.cancelForce || force,
    };
    const requested = await this.journal.update(run, changes, inSameUnit);
    if (requested) this.scheduler.cancel(run.id, force);
    return requested;
  }
}

/** @throws ConflictError */
function assertAwaited(run: RunEntity, request: ApproveRunRequest): void {
  if (run.status !== 'awaiting_approval') {
    throw new RunStatusConflictError(run.status, request.approved ? 'approved' : 'rejected');
  }
  if (request.plan_sha256 !== undefined && request.plan_sha256.toLowerCase() !== run.planSha256) {
    throw new ConflictError('plan-differs', 'The plan of the run is not the one you looked at. Look again.');
  }
}

function rejection(actor: Actor, { comment }: ApproveRunRequest): RunDecision {
  const message = `Rejected by ${actor.label}${comment ? `: ${comment}` : ''}`;
  const changes = { cancelledBy: actor.label, errorMessage: message };
  return { move: { to: 'cancelled', cause: 'person', actor: actor.label, reason: message, changes } };
}
