import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '../common/concurrency/keyed-mutex';
import { ConflictError } from '../common/errors';
import { SecretUnreadableError } from '../crypto/secret-box';
import type { SigningKeyEntity } from './persistence/signing-key.entity';
import { SigningKeyRepository } from './persistence/signing-key.repository';
import { findSigner, signDetached } from './pgp';
import { SIGNING_ACTOR, SigningKeys } from './signing-keys.service';

/** A binary detached signature, and the record of the key that made it. */
export interface MadeSignature {
  signingKeyId: string;
  signature: Buffer;
}

/** What clients are given of the key that signed a version. */
export interface ClientKey {
  keyId: string;
  publicKey: string;
  isRevoked: boolean;
}

/** Signs checksums, and tells who signed those that come from elsewhere. */
@Injectable()
export class Signer {
  /** Two first publications at once make one key. */
  private readonly making = new KeyedMutex();

  constructor(
    private readonly keys: SigningKeys,
    private readonly repository: SigningKeyRepository,
  ) {}

  /** With the active key of the namespace, which is made when there is none. */
  async sign(namespaceId: string, bytes: Buffer): Promise<MadeSignature> {
    const key = await this.making.run(namespaceId, () => this.activeKey(namespaceId));
    return { signingKeyId: key.id, signature: await signDetached({ privateKey: this.open(key) }, bytes) };
  }

  /** Which key of the namespace made this signature; null when none did. Its binary form is given back. */
  async findSigner(namespaceId: string, bytes: Buffer, signature: Buffer): Promise<MadeSignature | null> {
    const keys = (await this.repository.findAll(namespaceId)).filter(({ revokedAt }) => revokedAt === null);
    const found = await findSigner(bytes, signature, keys);
    const key = found && keys.find(({ fingerprint }) => fingerprint === found.fingerprint);
    return found && key ? { signingKeyId: key.id, signature: found.signature } : null;
  }

  async findClientKey(signingKeyId: string): Promise<ClientKey | null> {
    const key = await this.repository.findById(signingKeyId);
    return key && { keyId: key.keyId, publicKey: key.publicKey, isRevoked: key.revokedAt !== null };
  }

  private open(key: SigningKeyEntity): string {
    try {
      return this.keys.open(key);
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      throw new ConflictError(
        'signing-key-unreadable',
        'The active signing key of the namespace cannot be decrypted: ENCRYPTION_KEY is not the one it was stored with. Give that one back, or add another key (POST /api/namespaces/:id/signing-keys).',
      );
    }
  }

  private async activeKey(namespaceId: string): Promise<SigningKeyEntity> {
    return (await this.keys.findActive(namespaceId)) ?? (await this.keys.generate(SIGNING_ACTOR, namespaceId));
  }
}
