import { Injectable, OnModuleInit } from '@nestjs/common';
import { AuditService } from '../audit';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import type { Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { GitConfig } from '../config/config';
import { Database } from '../database/database';
import { isUniqueViolation } from '../database/driver-errors';
import { assertGitRef, assertGitUrl } from '../git';
import { NamespaceContents, NamespacesService } from '../namespaces';
import { normalizeRepositoryPath } from './domain/repository-path';
import type { CreateDeploymentRequest } from './dto/create-deployment.request';
import { DeploymentResponse, toDeploymentResponse } from './dto/deployment.response';
import type { DeploymentsQuery } from './dto/deployments.query';
import type { UpdateDeploymentRequest } from './dto/update-deployment.request';
import { RunExecutor } from './execution/run-executor';
import { RunSecrets } from './execution/run-secrets';
import { refusingAs } from './field-rules';
import type { DeploymentEntity } from './persistence/deployment.entity';
import { DeploymentRepository } from './persistence/deployment.repository';
import { RunRepository } from './persistence/run.repository';
import { RunViews } from './run-views.service';

@Injectable()
export class DeploymentsService implements OnModuleInit {
  constructor(
    private readonly deployments: DeploymentRepository,
    private readonly runs: RunRepository,
    private readonly views: RunViews,
    private readonly secrets: RunSecrets,
    private readonly executor: RunExecutor,
    private readonly namespaces: NamespacesService,
    private readonly contents: NamespaceContents,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly git: GitConfig,
    private readonly scopes: AccessScopes,
  ) {}

  onModuleInit(): void {
    this.contents.register('deployment', (ids) => this.deployments.countByNamespace(ids));
    this.scopes.register('deployment', async (id) => (await this.find(id))?.namespaceId ?? null);
  }

  /** What the key may see, newest first. @throws NotFoundError for a namespace it may not know */
  async list(actor: Actor, query: DeploymentsQuery): Promise<Page<DeploymentResponse>> {
    const namespaceId = await this.views.namespaceFilter(actor, query.namespace);
    const page = await this.deployments.findPage({
      namespaceId: namespaceId ?? undefined,
      status: query.status,
      q: query.q,
      limit: query.limit,
      cursor: query.cursor,
    });
    return { next: page.next, items: await this.respond(page.items) };
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<DeploymentResponse> {
    return (await this.respond([await this.getEntity(id)]))[0]!;
  }

  /** @throws InvalidFieldError; ConflictError when the name is taken in the namespace */
  async create(actor: Actor, request: CreateDeploymentRequest): Promise<DeploymentResponse> {
    const namespaceId = await this.namespaces.findId(request.namespace_id);
    if (namespaceId === null) throw new NotFoundError('namespace');
    this.assertGit(request);
    const id = newId();
    const now = this.clock.timestamp();
    const deployment: DeploymentEntity = {
      id,
      namespaceId,
      name: request.name,
      description: request.description ?? '',
      gitUrl: request.git_url,
      defaultRef: request.default_ref ?? null,
      workingDirectory: normalizeRepositoryPath(request.working_directory ?? '.', 'working_directory'),
      tool: request.tool ?? 'terraform',
      toolVersion: request.tool_version ?? null,
      autoApprove: request.auto_approve ?? false,
      gitUsername: request.git_username ?? null,
      gitPassword: this.seal(id, 'git_password', request.git_password) ?? null,
      gitSshKey: this.seal(id, 'git_ssh_key', request.git_ssh_key) ?? null,
      createdAt: now,
      updatedAt: now,
    };
    await this.refusingTakenName(deployment.name, () =>
      this.database.transaction(async (transaction) => {
        await this.deployments.insert(transaction, deployment);
        await this.audit.record(
          transaction,
          this.event(actor, 'deployment.create', deployment, { name: deployment.name }),
        );
      }),
    );
    return (await this.respond([deployment]))[0]!;
  }

  /** What is absent stays. Runs that exist keep what they were started with. */
  async update(actor: Actor, id: string, request: UpdateDeploymentRequest): Promise<DeploymentResponse> {
    const deployment = await this.getEntity(id);
    this.assertGit(request);
    const changed: DeploymentEntity = {
      ...deployment,
      name: request.name ?? deployment.name,
      description: request.description ?? deployment.description,
      gitUrl: request.git_url ?? deployment.gitUrl,
      defaultRef: kept(request.default_ref, deployment.defaultRef),
      workingDirectory:
        request.working_directory === undefined
          ? deployment.workingDirectory
          : normalizeRepositoryPath(request.working_directory, 'working_directory'),
      tool: request.tool ?? deployment.tool,
      toolVersion: kept(request.tool_version, deployment.toolVersion),
      autoApprove: request.auto_approve ?? deployment.autoApprove,
      gitUsername: kept(request.git_username, deployment.gitUsername),
      gitPassword: kept(this.seal(id, 'git_password', request.git_password), deployment.gitPassword),
      gitSshKey: kept(this.seal(id, 'git_ssh_key', request.git_ssh_key), deployment.gitSshKey),
      updatedAt: this.clock.timestamp(),
    };
    await this.refusingTakenName(changed.name, () =>
      this.database.transaction(async (transaction) => {
        await this.deployments.update(transaction, id, changed);
        await this.audit.record(
          transaction,
          this.event(actor, 'deployment.update', changed, { fields: Object.keys(request).sort() }),
        );
      }),
    );
    return (await this.respond([changed]))[0]!;
  }

  /** Deletes it with its runs and their directories. @throws ConflictError while a run is active */
  async delete(actor: Actor, id: string): Promise<void> {
    const deployment = await this.getEntity(id);
    const runIds = await this.runs.findIdsOf(id);
    await this.database.transaction(async (transaction) => {
      if ((await this.runs.countActive(id)) > 0) {
        throw new ConflictError('run-active', 'A run of this deployment is active. Cancel it or wait for its end.');
      }
      await this.deployments.delete(transaction, id);
      await this.audit.record(
        transaction,
        this.event(actor, 'deployment.delete', deployment, { name: deployment.name, runs: runIds.length }),
      );
    });
    for (const runId of runIds) await this.executor.workspaceOf(runId).remove();
  }

  /** @throws NotFoundError */
  async getEntity(id: string): Promise<DeploymentEntity> {
    const deployment = await this.find(id);
    if (!deployment) throw new NotFoundError('deployment');
    return deployment;
  }

  private find(id: string): Promise<DeploymentEntity | null> {
    return isId(id) ? this.deployments.findById(id) : Promise.resolve(null);
  }

  private async respond(deployments: DeploymentEntity[]): Promise<DeploymentResponse[]> {
    const names = await this.namespaces.findNames(deployments.map(({ namespaceId }) => namespaceId));
    const last = await this.runs.findLastOf(deployments.map(({ id }) => id));
    const lastRuns = new Map((await this.views.toResponses([...last.values()])).map((run) => [run.deployment_id, run]));
    return deployments.map((deployment) =>
      toDeploymentResponse(deployment, names.get(deployment.namespaceId) ?? '', lastRuns.get(deployment.id) ?? null),
    );
  }

  private assertGit(request: UpdateDeploymentRequest): void {
    const { git_url: url, default_ref: ref, git_ssh_key: key } = request;
    if (url !== undefined) refusingAs('git_url', () => assertGitUrl(url, this.git.allowedSchemes));
    if (ref !== undefined && ref !== null) refusingAs('default_ref', () => assertGitRef(ref));
    if (key !== undefined && key !== null && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) {
      throw new InvalidFieldError('git_ssh_key', 'must be a private key in OpenSSH or PEM format');
    }
  }

  private seal(
    id: string,
    field: 'git_password' | 'git_ssh_key',
    value: string | null | undefined,
  ): string | null | undefined {
    return typeof value === 'string' ? this.secrets.sealForDeployment(id, field, value) : value;
  }

  private event(
    actor: Actor,
    action: string,
    deployment: DeploymentEntity,
    details: Record<string, unknown>,
  ): Parameters<AuditService['record']>[1] {
    return {
      actor: actor.label,
      action,
      targetType: 'deployment',
      targetId: deployment.id,
      namespaceId: deployment.namespaceId,
      details,
    };
  }

  private async refusingTakenName(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isUniqueViolation(error)) {
        throw new ConflictError('name-taken', `There is a deployment "${name}" in this namespace already.`);
      }
      throw error;
    }
  }
}

/** Absent keeps, null clears. */
function kept<T>(given: T | null | undefined, present: T | null): T | null {
  return given === undefined ? present : given;
}
