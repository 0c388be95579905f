import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { ModuleDocumentEntity } from './module-document.entity';
import { ModuleVersionEntity } from './module-version.entity';
import { ModuleEntity } from './module.entity';

@Injectable()
export class ModuleVersionRepository {
  constructor(private readonly database: Database) {}

  /** A version with its documents. @throws the driver's error when there is one of that number already */
  async insert(
    transaction: Transaction,
    version: ModuleVersionEntity,
    document: Omit<ModuleDocumentEntity, 'versionId'>,
  ): Promise<void> {
    await insertRow(transaction, ModuleVersionEntity, version);
    await insertRow(transaction, ModuleDocumentEntity, { versionId: version.id, ...document });
  }

  async update(transaction: Transaction, id: string, changes: Partial<ModuleVersionEntity>): Promise<void> {
    await updateRows(transaction, ModuleVersionEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ModuleVersionEntity, { id });
  }

  async addDownloads(transaction: Transaction, id: string, count: number): Promise<void> {
    await Transaction.managerOf(transaction).increment(ModuleVersionEntity, { id }, 'downloads', count);
  }

  /** Keeps `latest_version` of a module true: call it in the unit that changes its versions. */
  async setLatest(transaction: Transaction, moduleId: string, latestVersion: string | null): Promise<void> {
    await updateRows(transaction, ModuleEntity, { id: moduleId }, { latestVersion });
  }

  /** All versions of a module, in no order. */
  findAll(moduleId: string): Promise<ModuleVersionEntity[]> {
    return this.database.readManager().findBy(ModuleVersionEntity, { moduleId });
  }

  async findEnabledNumbers(moduleId: string): Promise<string[]> {
    const rows = await this.database
      .readManager()
      .find(ModuleVersionEntity, { select: { version: true }, where: { moduleId, enabled: true } });
    return rows.map(({ version }) => version);
  }

  findIn(moduleId: string, id: string): Promise<ModuleVersionEntity | null> {
    return this.database.readManager().findOneBy(ModuleVersionEntity, { id, moduleId });
  }

  findByNumber(moduleId: string, version: string): Promise<ModuleVersionEntity | null> {
    return this.database.readManager().findOneBy(ModuleVersionEntity, { moduleId, version });
  }

  async isEnabled(id: string): Promise<boolean> {
    return this.database.readManager().existsBy(ModuleVersionEntity, { id, enabled: true });
  }

  findDocument(versionId: string): Promise<ModuleDocumentEntity | null> {
    return this.database.readManager().findOneBy(ModuleDocumentEntity, { versionId });
  }

  /** Which of these artefacts are archives of a version. */
  async findReferenced(sha256s: string[]): Promise<Set<string>> {
    const rows = await this.database
      .readManager()
      .find(ModuleVersionEntity, { select: { sha256: true }, where: { sha256: In(sha256s) } });
    return new Set(rows.map(({ sha256 }) => sha256));
  }
}
