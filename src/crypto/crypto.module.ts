import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { SecretsConfig, StorageConfig } from '../config/config';
import { DAMAGED_KEY_FILE } from './damaged-key-file';
import { DerivedKeys } from './derived-keys';
import { SecretBox } from './secret-box';

const ENCRYPTION_KEY = Symbol('EncryptionKey');

/** Makes what works with the platform's key injectable: the operator's own key, or the one of the key file. */
@Global()
@Module({
  providers: [
    {
      provide: ENCRYPTION_KEY,
      inject: [SecretsConfig, StorageConfig],
      useFactory: (secrets: SecretsConfig, storage: StorageConfig) =>
        secrets.encryptionKey ?? keyFromFile(join(storage.dataDir, 'encryption.key')),
    },
    { provide: SecretBox, inject: [ENCRYPTION_KEY], useFactory: (key: Buffer) => new SecretBox(key) },
    { provide: DerivedKeys, inject: [ENCRYPTION_KEY], useFactory: (key: Buffer) => new DerivedKeys(key) },
  ],
  exports: [SecretBox, DerivedKeys],
})
export class CryptoModule {}

/** Reads the key file, or makes it on the first start (0600, never overwritten). */
function keyFromFile(file: string): Buffer {
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32) throw new Error(DAMAGED_KEY_FILE);
  return key;
}
