import { Injectable, OnModuleInit } from '@nestjs/common';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import type { Page } from '../common/http/pagination';
import { isId } from '../common/ids';
import { NamespaceContents, NamespacesService } from '../namespaces';
import { StateOwners } from '../state';
import { DeploymentResponse, toDeploymentResponse } from './dto/deployment.response';
import type { DeploymentsQuery } from './dto/deployments.query';
import type { DeploymentEntity } from './persistence/deployment.entity';
import { DeploymentRepository } from './persistence/deployment.repository';
import { RunRepository } from './persistence/run.repository';
import { RunViews } from './run-views.service';

/** Finds deployments and shows them. */
@Injectable()
export class DeploymentReader implements OnModuleInit {
  constructor(
    private readonly deployments: DeploymentRepository,
    private readonly runs: RunRepository,
    private readonly views: RunViews,
    private readonly namespaces: NamespacesService,
    private readonly contents: NamespaceContents,
    private readonly scopes: AccessScopes,
    private readonly owners: StateOwners,
  ) {}

  onModuleInit(): void {
    this.contents.register('deployment', (ids) => this.deployments.countByNamespace(ids));
    this.owners.register(async (id) => {
      const found = await this.find(id);
      return (
        found && {
          deploymentId: found.id,
          namespaceId: found.namespaceId,
          workingDirectory: found.workingDirectory,
          isManaged: found.stateBackend === 'managed',
        }
      );
    });
    this.scopes.register('deployment', async (id) => (await this.find(id))?.namespaceId ?? null);
  }

  /** What the key may see, newest first. @throws NotFoundError for a namespace it may not know */
  async list(actor: Actor, query: DeploymentsQuery): Promise<Page<DeploymentResponse>> {
    const namespaceId = await this.namespaces.filterFor(actor, query.namespace);
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

  /** @throws NotFoundError */
  async getEntity(id: string): Promise<DeploymentEntity> {
    const deployment = await this.find(id);
    if (!deployment) throw new NotFoundError('deployment');
    return deployment;
  }

  private find(id: string): Promise<DeploymentEntity | null> {
    return isId(id) ? this.deployments.findById(id) : Promise.resolve(null);
  }

  /** Deployments as the API shows them. */
  async respond(deployments: DeploymentEntity[]): Promise<DeploymentResponse[]> {
    const names = await this.namespaces.findNames(deployments.map(({ namespaceId }) => namespaceId));
    const last = await this.runs.findLastOf(deployments.map(({ id }) => id));
    const lastRuns = new Map((await this.views.toResponses([...last.values()])).map((run) => [run.deployment_id, run]));
    return deployments.map((deployment) =>
      toDeploymentResponse(deployment, names.get(deployment.namespaceId) ?? '', lastRuns.get(deployment.id) ?? null),
    );
  }
}
