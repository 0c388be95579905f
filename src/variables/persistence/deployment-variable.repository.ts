import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database';
import { insertRow } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import type { StoredVariable } from '../domain/variable';
import { DeploymentVariableEntity } from './deployment-variable.entity';

@Injectable()
export class DeploymentVariableRepository {
  constructor(private readonly database: Database) {}

  /** In the order of the list. */
  findOf(deploymentId: string): Promise<StoredVariable[]> {
    return this.database
      .readManager()
      .find(DeploymentVariableEntity, { where: { deploymentId }, order: { position: 'ASC' } });
  }

  /** Puts a list in the place of the one there is. */
  async replace(transaction: Transaction, deploymentId: string, variables: readonly StoredVariable[]): Promise<void> {
    await Transaction.managerOf(transaction).delete(DeploymentVariableEntity, { deploymentId });
    for (const variable of variables) {
      await insertRow(transaction, DeploymentVariableEntity, { ...variable, deploymentId });
    }
  }
}
