import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import { Database } from '../database/database';
import { isForeignKeyViolation } from '../database/driver-errors';
import { StateOwners } from '../state';
import type { VariableInput } from './domain/variable';
import { assertKeptAreThere, changesBetween } from './domain/variable-changes';
import { toVariableResponse, type VariableResponse } from './dto/variable.response';
import { DeploymentVariableRepository } from './persistence/deployment-variable.repository';
import { VariableSealer } from './variable-sealer.service';

/** The variables of single deployments. */
@Injectable()
export class DeploymentVariables {
  constructor(
    private readonly variables: DeploymentVariableRepository,
    private readonly sealer: VariableSealer,
    private readonly scopes: AccessScopes,
    private readonly owners: StateOwners,
    private readonly database: Database,
    private readonly audit: AuditService,
  ) {}

  async list(deploymentId: string): Promise<VariableResponse[]> {
    await this.namespaceOf(deploymentId);
    return (await this.variables.findOf(deploymentId)).map(toVariableResponse);
  }

  /**
   * Puts a list in the place of the one there is.
   * @throws NotFoundError; DomainError (400) for fields; ConflictError when a kept value was changed meanwhile
   */
  async replace(actor: Actor, deploymentId: string, list: readonly VariableInput[]): Promise<VariableResponse[]> {
    const namespaceId = await this.namespaceOf(deploymentId);
    const before = await this.variables.findOf(deploymentId);
    const isManaged = (await this.owners.find(deploymentId))?.isManaged ?? true;
    const rows = await this.sealer.seal(list, before, isManaged ? 'platform' : 'configuration');
    await this.database
      .transaction(async (transaction) => {
        const now = await this.variables.findOf(deploymentId);
        assertKeptAreThere(before, now, rows);
        await this.variables.replace(transaction, deploymentId, rows);
        await this.audit.record(transaction, {
          actor: actor.label,
          action: 'deployment.variables',
          targetType: 'deployment',
          targetId: deploymentId,
          namespaceId,
          details: { ...changesBetween(now, rows) },
        });
      })
      .catch((error: unknown) => {
        // Deleted just now.
        throw isForeignKeyViolation(error) ? new NotFoundError('deployment') : error;
      });
    return rows.map(toVariableResponse);
  }

  private async namespaceOf(deploymentId: string): Promise<string> {
    const namespaceId = await this.scopes.namespaceOf('deployment', deploymentId);
    if (namespaceId === null) throw new NotFoundError('deployment');
    return namespaceId;
  }
}
