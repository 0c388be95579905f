import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { ProviderPlatformEntity } from './provider-platform.entity';
import { ProviderVersionEntity } from './provider-version.entity';
import { ProviderEntity } from './provider.entity';

/** What a publication settles. */
export type Publication = Required<
  Pick<ProviderVersionEntity, 'shasumsSha256' | 'signatureSha256' | 'signingKeyId' | 'publishedAt'>
>;

@Injectable()
export class ProviderVersionRepository {
  constructor(private readonly database: Database) {}

  /** @throws the driver's error when there is one of that number already */
  insert(transaction: Transaction, version: ProviderVersionEntity): Promise<void> {
    return insertRow(transaction, ProviderVersionEntity, version);
  }

  async update(transaction: Transaction, id: string, changes: Partial<ProviderVersionEntity>): Promise<void> {
    await updateRows(transaction, ProviderVersionEntity, { id }, changes);
  }

  /** Changes a draft. False when it is published, or gone. */
  async updateDraft(transaction: Transaction, id: string, changes: Partial<ProviderVersionEntity>): Promise<boolean> {
    return (await updateRows(transaction, ProviderVersionEntity, { id, status: 'draft' }, changes)) > 0;
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ProviderVersionEntity, { id });
  }

  async addDownloads(transaction: Transaction, id: string, count: number): Promise<void> {
    await Transaction.managerOf(transaction).increment(ProviderVersionEntity, { id }, 'downloads', count);
  }

  /** Keeps `latest_version` of a provider true: call it in the unit that changes its versions. */
  async setLatest(transaction: Transaction, providerId: string, latestVersion: string | null): Promise<void> {
    await updateRows(transaction, ProviderEntity, { id: providerId }, { latestVersion });
  }

  /** @throws the driver's error when the version has this platform already */
  insertPlatform(transaction: Transaction, platform: ProviderPlatformEntity): Promise<void> {
    return insertRow(transaction, ProviderPlatformEntity, platform);
  }

  async deletePlatform(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ProviderPlatformEntity, { id });
  }

  /** All versions of a provider, in no order. */
  findAll(providerId: string): Promise<ProviderVersionEntity[]> {
    return this.database.readManager().findBy(ProviderVersionEntity, { providerId });
  }

  async findServedNumbers(providerId: string): Promise<string[]> {
    const rows = await this.database.readManager().find(ProviderVersionEntity, {
      select: { version: true },
      where: { providerId, status: 'published', enabled: true },
    });
    return rows.map(({ version }) => version);
  }

  findIn(providerId: string, id: string): Promise<ProviderVersionEntity | null> {
    return this.database.readManager().findOneBy(ProviderVersionEntity, { id, providerId });
  }

  findById(id: string): Promise<ProviderVersionEntity | null> {
    return this.database.readManager().findOneBy(ProviderVersionEntity, { id });
  }

  findByNumber(providerId: string, version: string): Promise<ProviderVersionEntity | null> {
    return this.database.readManager().findOneBy(ProviderVersionEntity, { providerId, version });
  }

  isServed(id: string): Promise<boolean> {
    return this.database.readManager().existsBy(ProviderVersionEntity, { id, status: 'published', enabled: true });
  }

  /** The platforms of these versions, sorted by file name. */
  async findPlatforms(versionIds: string[]): Promise<ProviderPlatformEntity[]> {
    if (versionIds.length === 0) return [];
    return this.database
      .readManager()
      .find(ProviderPlatformEntity, { where: { versionId: In(versionIds) }, order: { filename: 'ASC' } });
  }

  /** Which of these artefacts a version needs: packages, checksums, signatures. */
  async findReferenced(sha256s: string[]): Promise<Set<string>> {
    const manager = this.database.readManager();
    const [platforms, versions] = await Promise.all([
      manager.find(ProviderPlatformEntity, { select: { shasum: true }, where: { shasum: In(sha256s) } }),
      manager.find(ProviderVersionEntity, {
        select: { id: true, shasumsSha256: true, signatureSha256: true },
        where: [{ shasumsSha256: In(sha256s) }, { signatureSha256: In(sha256s) }],
      }),
    ]);
    return new Set([
      ...platforms.map(({ shasum }) => shasum),
      ...versions.flatMap(({ shasumsSha256, signatureSha256 }) => [shasumsSha256 ?? '', signatureSha256 ?? '']),
    ]);
  }
}
