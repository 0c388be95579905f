import { Injectable } from '@nestjs/common';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, DomainError, InvalidFieldError, NotFoundError } from '../common/errors';
import type { Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { RunsConfig } from '../config/config';
import { Database } from '../database/database';
import { assertGitRef } from '../git';
import { DeploymentsService } from './deployments.service';
import { checkEnvironment } from './domain/environment-policy';
import { assertTfvarsFile, normalizeRepositoryPath } from './domain/repository-path';
import { assertResourceAddress } from './domain/resource-address';
import { isFinal, RunStatusConflictError } from './domain/run-status';
import type { CreateRunRequest } from './dto/create-run.request';
import { ExecutionResponse, toExecutionResponse } from './dto/execution.response';
import type { DeploymentStatusResponse } from './dto/repository.response';
import type { ApproveRunRequest, CancelRunRequest } from './dto/run-actions.request';
import type { RunResponse } from './dto/run.response';
import type { AllRunsQuery, RunsQuery } from './dto/runs.query';
import { RunExecutor } from './execution/run-executor';
import { RunSecrets } from './execution/run-secrets';
import { refusingAs } from './field-rules';
import type { DeploymentEntity } from './persistence/deployment.entity';
import type { RunEntity } from './persistence/run.entity';
import { RunRecordsRepository } from './persistence/run-records.repository';
import { RunRepository } from './persistence/run.repository';
import { RunJournal } from './run-journal.service';
import { RunScheduler } from './run-scheduler.service';
import { RunViews } from './run-views.service';

const decompress = promisify(gunzip);

/** What people do with runs. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunRepository,
    private readonly records: RunRecordsRepository,
    private readonly deployments: DeploymentsService,
    private readonly journal: RunJournal,
    private readonly scheduler: RunScheduler,
    private readonly views: RunViews,
    private readonly executor: RunExecutor,
    private readonly secrets: RunSecrets,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly config: RunsConfig,
    private readonly clock: Clock,
  ) {}

  /** Puts a run at the end of the queue. @throws InvalidFieldError and others for fields that are not valid */
  async create(actor: Actor, deploymentId: string, request: CreateRunRequest): Promise<RunResponse> {
    const deployment = await this.deployments.getEntity(deploymentId);
    const path = this.assertValid(deployment, request);
    const id = newId();
    const sensitive = request.sensitive_env_vars ?? {};
    const run: Omit<RunEntity, 'seq'> = {
      id,
      deploymentId: deployment.id,
      operation: request.operation ?? 'apply',
      path,
      ref: request.ref ?? deployment.defaultRef,
      commitSha: null,
      tool: request.tool ?? deployment.tool,
      toolVersion:
        request.tool_version ??
        (request.tool === undefined || request.tool === deployment.tool ? deployment.toolVersion : null),
      envVars: request.env_vars ?? {},
      sensitiveEnvVars: Object.keys(sensitive).length === 0 ? null : this.secrets.sealEnvironment(id, sensitive),
      sensitiveEnvNames: Object.keys(sensitive).sort(),
      tfvarsFiles: request.tfvars_files ?? [],
      targets: request.targets ?? [],
      replace: request.replace ?? [],
      autoApprove: request.auto_approve ?? deployment.autoApprove,
      timeoutMinutes: request.timeout ?? this.config.timeoutMinutes,
      status: 'pending',
      planSummary: null,
      planSha256: null,
      exitCode: null,
      errorMessage: null,
      createdBy: actor.label,
      approvedBy: null,
      approvedAt: null,
      cancelledBy: null,
      cancelRequestedAt: null,
      cancelForce: false,
      attempt: 1,
      eventSeq: 0,
      createdAt: this.clock.timestamp(),
      startedAt: null,
      plannedAt: null,
      completedAt: null,
    };
    const stored = await this.journal.create(run, actor.label, (transaction) =>
      this.audit.record(
        transaction,
        this.event(actor, 'run.create', deployment, id, { operation: run.operation, path }),
      ),
    );
    return this.views.toResponse(stored);
  }

  /** Newest first. */
  async list(deploymentId: string, query: RunsQuery): Promise<Page<RunResponse>> {
    const page = await this.runs.findPage({
      deploymentId,
      path: query.path === undefined ? undefined : normalizeRepositoryPath(query.path, 'path'),
      status: query.status,
      limit: query.limit,
      cursor: query.cursor,
    });
    return { next: page.next, items: await this.views.toResponses(page.items) };
  }

  /** Runs across deployments, of what the key may see, newest first. */
  async listAll(actor: Actor, query: AllRunsQuery): Promise<Page<RunResponse>> {
    const namespaceId = await this.views.namespaceFilter(actor, query.namespace);
    const page = await this.runs.findPage({
      namespaceId: namespaceId ?? undefined,
      status: query.status,
      limit: query.limit,
      cursor: query.cursor,
    });
    return { next: page.next, items: await this.views.toResponses(page.items) };
  }

  async get(deploymentId: string, runId: string): Promise<RunResponse> {
    return this.views.toResponse(await this.getEntity(deploymentId, runId));
  }

  /** How a deployment stands in one folder. */
  async statusOf(deploymentId: string, path: string | undefined): Promise<DeploymentStatusResponse> {
    const deployment = await this.deployments.getEntity(deploymentId);
    const folder = normalizeRepositoryPath(path ?? deployment.workingDirectory, 'path');
    const page = await this.runs.findPage({ deploymentId, path: folder, limit: 1 });
    const last = page.items[0] ? await this.views.toResponse(page.items[0]) : null;
    return { path: folder, status: last?.status ?? 'none', last_run: last };
  }

  /**
   * Approves the plan that waits, or rejects it.
   * @throws ConflictError unless the run awaits approval, or when its plan is not the one that was looked at
   */
  async approve(actor: Actor, deploymentId: string, runId: string, request: ApproveRunRequest): Promise<RunResponse> {
    const run = await this.getEntity(deploymentId, runId);
    const deployment = await this.deployments.getEntity(deploymentId);
    const verb = request.approved ? 'approved' : 'rejected';
    if (run.status !== 'awaiting_approval') throw new RunStatusConflictError(run.status, verb);
    if (request.plan_sha256 !== undefined && request.plan_sha256.toLowerCase() !== run.planSha256) {
      throw new ConflictError('plan-differs', 'The plan of the run is not the one you looked at. Look again.');
    }
    const comment = request.comment ? `: ${request.comment}` : '';
    const now = this.clock.timestamp();
    const message = `Rejected by ${actor.label}${comment}`;
    const moved = await this.journal.move(
      run,
      request.approved
        ? {
            to: 'applying',
            cause: 'person',
            actor: actor.label,
            reason: `approved${comment}`,
            changes: { approvedBy: actor.label, approvedAt: now },
          }
        : {
            to: 'cancelled',
            cause: 'person',
            actor: actor.label,
            reason: message,
            changes: { cancelledBy: actor.label, errorMessage: message },
          },
      (transaction) =>
        this.audit.record(
          transaction,
          this.event(actor, request.approved ? 'run.approve' : 'run.reject', deployment, runId, {
            plan_sha256: run.planSha256,
            commit_sha: run.commitSha,
            ...(request.comment ? { comment: request.comment } : {}),
          }),
        ),
    );
    if (!moved) throw new RunStatusConflictError((await this.getEntity(deploymentId, runId)).status, verb);
    return this.views.toResponse(moved);
  }

  /**
   * Ends a run: at once when nothing works on it; otherwise its tool is interrupted, and the run ends when the tool has.
   * @throws ConflictError when it has ended
   */
  async cancel(actor: Actor, deploymentId: string, runId: string, request: CancelRunRequest): Promise<RunResponse> {
    const deployment = await this.deployments.getEntity(deploymentId);
    const force = request.force ?? false;
    for (;;) {
      const run = await this.getEntity(deploymentId, runId);
      if (isFinal(run.status)) throw new RunStatusConflictError(run.status, 'cancelled');
      const cancelled = await this.tryCancel(actor, run, deployment, force);
      if (cancelled) return this.views.toResponse(cancelled);
    }
  }

  /** Deletes a run with its logs, its plan and its directory. @throws ConflictError while it is active */
  async delete(actor: Actor, deploymentId: string, runId: string): Promise<void> {
    const run = await this.getEntity(deploymentId, runId);
    const deployment = await this.deployments.getEntity(deploymentId);
    if (!isFinal(run.status)) throw new RunStatusConflictError(run.status, 'deleted');
    await this.database.transaction(async (transaction) => {
      await this.runs.delete(transaction, runId);
      await this.audit.record(transaction, this.event(actor, 'run.delete', deployment, runId, { status: run.status }));
    });
    await this.executor.workspaceOf(runId).remove();
  }

  /** The tool's JSON plan with sensitive values masked. @throws NotFoundError before there is one */
  async plan(deploymentId: string, runId: string): Promise<Buffer> {
    await this.getEntity(deploymentId, runId);
    const stored = await this.records.findPlan(runId);
    if (!stored) throw new NotFoundError('plan of this run (yet)');
    return decompress(stored);
  }

  /** What the runner was asked to do for a run, in order. */
  async executions(deploymentId: string, runId: string): Promise<ExecutionResponse[]> {
    await this.getEntity(deploymentId, runId);
    return (await this.records.findExecutions(runId)).map(toExecutionResponse);
  }

  /** @throws NotFoundError */
  async getEntity(deploymentId: string, runId: string): Promise<RunEntity> {
    const run = isId(runId) ? await this.runs.findById(runId) : null;
    if (!run || run.deploymentId !== deploymentId.toLowerCase()) throw new NotFoundError('run');
    return run;
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
      this.audit.record(
        transaction,
        this.event(actor, 'run.cancel', deployment, run.id, { force, status: run.status }),
      );
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
    const requested = await this.journal.update(run.id, changes, inSameUnit);
    if (requested) this.scheduler.cancel(run.id, force);
    return requested;
  }

  /** @returns the folder the run works in */
  private assertValid(deployment: DeploymentEntity, request: CreateRunRequest): string {
    if (request.deployment_id !== undefined && request.deployment_id.toLowerCase() !== deployment.id) {
      throw new InvalidFieldError('deployment_id', 'is not the deployment of the path');
    }
    const path = normalizeRepositoryPath(request.path ?? deployment.workingDirectory, 'path');
    const { ref } = request;
    if (ref !== undefined) refusingAs('ref', () => assertGitRef(ref));
    for (const file of request.tfvars_files ?? []) assertTfvarsFile(file, path, 'tfvars_files');
    for (const address of request.targets ?? []) assertResourceAddress(address, 'targets', 'target');
    for (const address of request.replace ?? []) assertResourceAddress(address, 'replace', 'replace');
    if ((request.replace?.length ?? 0) > 0 && (request.operation === 'destroy' || request.operation === 'refresh')) {
      throw new InvalidFieldError('replace', `cannot be used with the operation ${request.operation}`);
    }
    const plain = request.env_vars ?? {};
    const sensitive = request.sensitive_env_vars ?? {};
    const problems = [...checkEnvironment(plain, 'env_vars'), ...checkEnvironment(sensitive, 'sensitive_env_vars')];
    for (const name of Object.keys(plain)) {
      if (name in sensitive)
        problems.push({ field: `env_vars.${name}`, message: 'is given in sensitive_env_vars too' });
    }
    if (problems.length > 0) {
      const [first] = problems;
      throw new DomainError('invalid', 'validation-failed', `${first!.field}: ${first!.message}`, problems);
    }
    return path;
  }

  private event(
    actor: Actor,
    action: string,
    deployment: DeploymentEntity,
    runId: string,
    details: Record<string, unknown>,
  ): Parameters<AuditService['record']>[1] {
    return {
      actor: actor.label,
      action,
      targetType: 'run',
      targetId: runId,
      namespaceId: deployment.namespaceId,
      details: { deployment: deployment.name, ...details },
    };
  }
}
