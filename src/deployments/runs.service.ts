import { Injectable } from '@nestjs/common';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { NotFoundError } from '../common/errors';
import type { Page } from '../common/http/pagination';
import { PublicAddress } from '../common/http/public-address';
import { isId, newId } from '../common/ids';
import { tokenVariable } from '../common/registry/usage';
import { RunsConfig } from '../config/config';
import { isForeignKeyViolation } from '../database/driver-errors';
import { NamespacesService } from '../namespaces';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import type { CreateRunRequest } from './dto/create-run.request';
import { ExecutionResponse, toExecutionResponse } from './dto/execution.response';
import type { DeploymentStatusResponse } from './dto/repository.response';
import type { RunResponse } from './dto/run.response';
import type { AllRunsQuery, RunsQuery } from './dto/runs.query';
import { DeploymentReader } from './deployment-reader.service';
import { RunSecrets } from './execution/run-secrets';
import type { RunEntity } from './persistence/run.entity';
import { RunRecordsRepository } from './persistence/run-records.repository';
import { RunRepository } from './persistence/run.repository';
import { runEvent } from './run-audit';
import { RunJournal } from './run-journal.service';
import { assertRunRequest } from './run-request-rules';
import { RunViews } from './run-views.service';

const decompress = promisify(gunzip);

/** Starts runs and shows them. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunRepository,
    private readonly records: RunRecordsRepository,
    private readonly deployments: DeploymentReader,
    private readonly namespaces: NamespacesService,
    private readonly journal: RunJournal,
    private readonly views: RunViews,
    private readonly secrets: RunSecrets,
    private readonly audit: AuditService,
    private readonly config: RunsConfig,
    private readonly address: PublicAddress,
    private readonly clock: Clock,
  ) {}

  /** Puts a run at the end of the queue. @throws InvalidFieldError and others for fields that are not valid */
  async create(actor: Actor, deploymentId: string, request: CreateRunRequest): Promise<RunResponse> {
    const deployment = await this.deployments.getEntity(deploymentId);
    const tokenName = tokenVariable(this.address.host);
    const path = assertRunRequest(deployment, request, tokenName === null ? [] : [tokenName]);
    const id = newId();
    const sensitive = request.sensitive_env_vars ?? {};
    const tool = request.tool ?? deployment.tool;
    // The deployment's version is one of its own tool.
    const toolVersion = request.tool_version ?? (tool === deployment.tool ? deployment.toolVersion : null);
    const run: Omit<RunEntity, 'seq'> = {
      id,
      deploymentId: deployment.id,
      namespaceId: deployment.namespaceId,
      operation: request.operation ?? 'apply',
      path,
      ref: request.ref ?? deployment.defaultRef,
      commitSha: null,
      tool,
      requestedToolVersion: toolVersion,
      toolVersion,
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
      createdByKeyId: actor.keyId,
      plannedEnvironment: null,
      approvalsRequired: null,
      approvalsNotByRequester: false,
      approvalReason: null,
      approvals: [],
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
    const stored = await this.journal
      .create(run, actor.label, (transaction) =>
        this.audit.record(
          transaction,
          runEvent(actor, 'run.create', deployment, id, {
            operation: run.operation,
            path,
            auto_approve: run.autoApprove,
          }),
        ),
      )
      .catch((error: unknown) => {
        // Deleted just now.
        throw isForeignKeyViolation(error) ? new NotFoundError('deployment') : error;
      });
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
    const namespaceId = await this.namespaces.filterFor(actor, query.namespace);
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
}
