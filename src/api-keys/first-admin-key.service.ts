import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { newId } from '../common/ids';
import { SecretsConfig, StorageConfig } from '../config/config';
import { Database } from '../database/database';
import { hashKey, keyPrefix, makeKey } from './domain/key-format';
import { ApiKeyRepository } from './persistence/api-key.repository';

/** The key of the very first start. */
@Injectable()
export class FirstAdminKey {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly database: Database,
    private readonly secrets: SecretsConfig,
    private readonly storage: StorageConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes sure that somebody can administer. With `ADMIN_API_KEY`, that key works from now on; without it, one is made
   * on the first start and written to `admin.key`.
   * @returns the key when it was made just now, to be shown once; else null.
   */
  async ensure(): Promise<{ key: string; file: string } | null> {
    const given = this.secrets.adminApiKey;
    if (given !== null) {
      if ((await this.keys.findByHash(hashKey(given))) === null) await this.store(given, 'admin (from ADMIN_API_KEY)');
      return null;
    }
    if ((await this.keys.countLastingAdmins()) > 0) return null;
    const key = makeKey();
    const file = join(this.storage.dataDir, 'admin.key');
    // The file first: a crash between the two must not leave a platform whose only key nobody knows.
    await writeFile(file, `${key}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
    await this.store(key, 'admin');
    return { key, file };
  }

  private async store(key: string, name: string): Promise<void> {
    await this.database.transaction((transaction) =>
      this.keys.insert(transaction, {
        id: newId(),
        namespaceId: null,
        name,
        permissions: 'admin',
        prefix: keyPrefix(key),
        keyHash: hashKey(key),
        expiresAt: null,
        createdAt: this.clock.timestamp(),
        lastUsedAt: null,
      }),
    );
  }
}
