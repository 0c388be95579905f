import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../audit';
import { Clock } from '../common/clock';
import { newId } from '../common/ids';
import { SecretsConfig, StorageConfig } from '../config/config';
import { hashKey, keyPrefix, makeKey } from './domain/key-format';
import { ApiKeyRepository } from './persistence/api-key.repository';

/** The key of the very first start. */
@Injectable()
export class FirstAdminKey {
  private readonly logger = new Logger(FirstAdminKey.name);

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly audit: AuditService,
    private readonly secrets: SecretsConfig,
    private readonly storage: StorageConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes sure that somebody can administer. With `ADMIN_API_KEY`, that key works from now on, unless it was deleted before; without it, one is made
   * on the first start and written to `admin.key`.
   * @returns the key when it was made just now, to be shown once; else null.
   */
  async ensure(): Promise<{ key: string; file: string } | null> {
    const given = this.secrets.adminApiKey;
    if (given !== null) {
      if ((await this.keys.findByHash(hashKey(given))) !== null) return null;
      if (await this.audit.wasDone('api_key.delete', 'prefix', keyPrefix(given))) {
        // Somebody deleted it for a reason; a restart must not bring it back.
        this.logger.warn({ event: 'admin_key_was_deleted', prefix: keyPrefix(given) });
        return null;
      }
      await this.store(given, 'admin (from ADMIN_API_KEY)');
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
    const id = newId();
    await this.audit.perform(
      {
        actor: 'platform',
        action: 'api_key.create',
        targetType: 'api_key',
        targetId: id,
        namespaceId: null,
        details: { name, permissions: 'admin', prefix: keyPrefix(key), expires_at: null },
      },
      (transaction) =>
        this.keys.insert(transaction, {
          id,
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
