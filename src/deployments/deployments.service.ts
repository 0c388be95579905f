import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { type AuditEvent, AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, NotFoundError } from '../common/errors';
import { newId } from '../common/ids';
import { givenFields, kept } from '../common/patch';
import { refusingAs } from '../common/refusing-as';
import { GitConfig } from '../config/config';
import { Database } from '../database/database';
import { assertCredentialsStayWithTheirHost, assertGitRef, assertRemoteFields, RemoteSecrets } from '../git';
import { NamespacesService } from '../namespaces';
import { States } from '../state';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import { assertMayChangeApproval, readApprovalPolicy } from './approval-request-rules';
import { approvalColumns, approvalPolicyOf, hasApprovalPolicy } from './persistence/approval-columns';
import type { CreateDeploymentRequest } from './dto/create-deployment.request';
import type { DeploymentResponse } from './dto/deployment.response';
import type { UpdateDeploymentRequest } from './dto/update-deployment.request';
import { RunStreams } from './run-stream.service';
import { RunWorkspaces } from './execution/run-workspaces';
import { DeploymentReader } from './deployment-reader.service';
import type { DeploymentEntity } from './persistence/deployment.entity';
import { DeploymentRepository } from './persistence/deployment.repository';
import { RunRepository } from './persistence/run.repository';
import { RepositoryBrowser } from './repository-browser.service';

/** Makes, changes and deletes deployments. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly deployments: DeploymentRepository,
    private readonly reader: DeploymentReader,
    private readonly runs: RunRepository,
    private readonly remotes: RemoteSecrets,
    private readonly workspaces: RunWorkspaces,
    private readonly streams: RunStreams,
    private readonly browser: RepositoryBrowser,
    private readonly namespaces: NamespacesService,
    private readonly states: States,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly git: GitConfig,
  ) {}

  /** @throws InvalidFieldError; ConflictError when the name is taken in the namespace */
  create(actor: Actor, request: CreateDeploymentRequest): Promise<DeploymentResponse> {
    // As one unit: the namespace that was found is still there when the deployment is stored.
    return this.database.transaction(() => this.createInUnit(actor, request));
  }

  private async createInUnit(actor: Actor, request: CreateDeploymentRequest): Promise<DeploymentResponse> {
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
      ...approvalColumns(readApprovalPolicy(request.approval ?? {})),
      stateBackend: request.state_backend ?? 'managed',
      gitUsername: request.git_username ?? null,
      gitPassword: this.remotes.seal('deployment', id, 'git_password', request.git_password) ?? null,
      gitSshKey: this.remotes.seal('deployment', id, 'git_ssh_key', request.git_ssh_key) ?? null,
      createdAt: now,
      updatedAt: now,
    };
    await this.assertNameIsFree(namespaceId, deployment.name);
    await this.audit.perform(
      this.event(actor, 'deployment.create', deployment, {
        name: deployment.name,
        ...(deployment.autoApprove ? { auto_approve: true } : {}),
        ...(hasApprovalPolicy(deployment) ? { approval: approvalPolicyOf(deployment) } : {}),
      }),
      (transaction) => this.deployments.insert(transaction, deployment),
    );
    return (await this.reader.respond([deployment]))[0]!;
  }

  /** What is absent stays. Runs that exist keep what they were started with. */
  async update(actor: Actor, id: string, request: UpdateDeploymentRequest): Promise<DeploymentResponse> {
    // Read and written as one unit: a change made meanwhile must not be undone.
    const [before, changed] = await this.database.transaction(() => this.updateInUnit(actor, id, request));
    // Another URL or credential must not read what the old one was shown.
    this.browser.forget(before);
    return (await this.reader.respond([changed]))[0]!;
  }

  private async updateInUnit(
    actor: Actor,
    id: string,
    request: UpdateDeploymentRequest,
  ): Promise<[before: DeploymentEntity, changed: DeploymentEntity]> {
    const deployment = await this.reader.getEntity(id);
    this.assertGit(request);
    assertCredentialsStayWithTheirHost(deployment, request);
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
      ...(request.approval === undefined ? {} : approvalColumns(readApprovalPolicy(request.approval ?? {}))),
      stateBackend: request.state_backend ?? deployment.stateBackend,
      gitUsername: kept(request.git_username, deployment.gitUsername),
      gitPassword: kept(
        this.remotes.seal('deployment', id, 'git_password', request.git_password),
        deployment.gitPassword,
      ),
      gitSshKey: kept(this.remotes.seal('deployment', id, 'git_ssh_key', request.git_ssh_key), deployment.gitSshKey),
      updatedAt: this.clock.timestamp(),
    };
    await this.assertNameIsFree(deployment.namespaceId, changed.name, id);
    if (changed.stateBackend !== deployment.stateBackend) await this.assertNoRunIsActive(id);
    const [policy, policyBefore] = [approvalPolicyOf(changed), approvalPolicyOf(deployment)];
    const changesApproval = !isDeepStrictEqual(policy, policyBefore);
    if (changesApproval) assertMayChangeApproval(actor);
    await this.audit.perform(
      this.event(actor, 'deployment.update', changed, {
        fields: givenFields(request),
        ...(changed.autoApprove === deployment.autoApprove ? {} : { auto_approve: changed.autoApprove }),
        ...(changesApproval ? { approval: { from: policyBefore, to: policy } } : {}),
      }),
      (transaction) => this.deployments.update(transaction, id, changed),
    );
    return [deployment, changed];
  }

  /**
   * Deletes it with its runs, their directories and its states. @throws ConflictError while a run is active, and without
   * `force` while a state that the platform keeps holds resources; DomainError (403) when it has an approval policy, for
   * keys that may not change it
   */
  async delete(actor: Actor, id: string, force: boolean): Promise<void> {
    const { deployment, runIds } = await this.database.transaction(() => this.deleteInUnit(actor, id, force));
    this.browser.forget(deployment);
    this.streams.closeSubjects(runIds);
    for (const runId of runIds) await this.workspaces.of(runId).remove();
  }

  private async deleteInUnit(
    actor: Actor,
    id: string,
    force: boolean,
  ): Promise<{ deployment: DeploymentEntity; runIds: string[] }> {
    const deployment = await this.reader.getEntity(id);
    // Or it could be made anew without its policy.
    if (hasApprovalPolicy(deployment)) assertMayChangeApproval(actor);
    const inUse = force ? [] : await this.states.findFoldersInUse(id);
    if (inUse.length > 0) {
      throw new ConflictError(
        'state-in-use',
        `The state of ${inUse.join(', ')} holds resources, and would be lost: destroy them first (operation destroy), or delete with ?force=true.`,
      );
    }
    const runIds = await this.runs.findIdsOf(id);
    const event = this.event(actor, 'deployment.delete', deployment, { name: deployment.name, runs: runIds.length });
    await this.audit.perform(event, async (transaction) => {
      await this.assertNoRunIsActive(id);
      await this.deployments.delete(transaction, id);
    });
    return { deployment, runIds };
  }

  /** Inside a unit. A run is applied to the state it was planned with. */
  private async assertNoRunIsActive(id: string): Promise<void> {
    if ((await this.runs.countActive(id)) === 0) return;
    throw new ConflictError('run-active', 'A run of this deployment is active. Cancel it or wait for its end.');
  }

  private assertGit(request: UpdateDeploymentRequest): void {
    const { default_ref: ref } = request;
    assertRemoteFields(request, this.git.allowedSchemes);
    if (ref !== undefined && ref !== null) refusingAs('default_ref', () => assertGitRef(ref));
  }

  private event(
    actor: Actor,
    action: string,
    deployment: DeploymentEntity,
    details: Record<string, unknown>,
  ): AuditEvent {
    return {
      actor: actor.label,
      action,
      targetType: 'deployment',
      targetId: deployment.id,
      namespaceId: deployment.namespaceId,
      details,
    };
  }

  /** Inside a unit, so that nobody takes the name meanwhile. Two names that differ in case alone would be mixed up. */
  private async assertNameIsFree(namespaceId: string, name: string, exceptId?: string): Promise<void> {
    const holder = await this.deployments.findByName(namespaceId, name);
    if (holder && holder.id !== exceptId) {
      throw new ConflictError('name-taken', `There is a deployment "${holder.name}" in this namespace already.`);
    }
  }
}
