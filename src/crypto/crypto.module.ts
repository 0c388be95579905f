import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { SecretsConfig, StorageConfig } from '../config/config';
import { SecretBox } from './secret-box';

/** Makes the box for secrets injectable, with the operator's key or the one of the key file. */
@Global()
@Module({
  providers: [
    {
      provide: SecretBox,
      inject: [SecretsConfig, StorageConfig],
      useFactory: (secrets: SecretsConfig, storage: StorageConfig) =>
        new SecretBox(secrets.encryptionKey ?? keyFromFile(join(storage.dataDir, 'encryption.key'))),
    },
  ],
  exports: [SecretBox],
})
export class CryptoModule {}

/** Reads the key file, or makes it on the first start (0600, never overwritten). */
function keyFromFile(file: string): Buffer {
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32)
    throw new Error('The key file encryption.key in DATA_DIR is damaged. Restore it from a backup.');
  return key;
}
