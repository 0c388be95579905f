import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { SigningKeyEntity } from './signing-key.entity';

@Injectable()
export class SigningKeyRepository {
  constructor(private readonly database: Database) {}

  insert(transaction: Transaction, key: SigningKeyEntity): Promise<void> {
    return insertRow(transaction, SigningKeyEntity, key);
  }

  async update(transaction: Transaction, id: string, changes: Partial<SigningKeyEntity>): Promise<void> {
    await updateRows(transaction, SigningKeyEntity, { id }, changes);
  }

  /** No key of the namespace is active afterwards. */
  async deactivateAll(transaction: Transaction, namespaceId: string): Promise<void> {
    await updateRows(transaction, SigningKeyEntity, { namespaceId, active: true }, { active: false });
  }

  /** @throws the driver's error while a version was signed with it */
  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(SigningKeyEntity, { id });
  }

  /** All keys of a namespace, newest first. */
  findAll(namespaceId: string): Promise<SigningKeyEntity[]> {
    return this.database
      .readManager()
      .find(SigningKeyEntity, { where: { namespaceId }, order: { createdAt: 'DESC', id: 'DESC' } });
  }

  findIn(namespaceId: string, id: string): Promise<SigningKeyEntity | null> {
    return this.database.readManager().findOneBy(SigningKeyEntity, { namespaceId, id });
  }

  findById(id: string): Promise<SigningKeyEntity | null> {
    return this.database.readManager().findOneBy(SigningKeyEntity, { id });
  }

  findActive(namespaceId: string): Promise<SigningKeyEntity | null> {
    return this.database.readManager().findOneBy(SigningKeyEntity, { namespaceId, active: true });
  }

  findByFingerprint(namespaceId: string, fingerprint: string): Promise<SigningKeyEntity | null> {
    return this.database.readManager().findOneBy(SigningKeyEntity, { namespaceId, fingerprint });
  }
}
