import { Injectable } from '@nestjs/common';
import { type AuditEvent, AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import { cutNewestFirst, type ListQuery, type Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { SecretBox } from '../crypto/secret-box';
import { Database } from '../database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors';
import { NamespacesService } from '../namespaces';
import type { KeySource } from './domain/key-source';
import type { CreateSigningKeyRequest } from './dto/create-signing-key.request';
import { SigningKeyResponse, toSigningKeyResponse } from './dto/signing-key.response';
import type { SigningKeyEntity } from './persistence/signing-key.entity';
import { SigningKeyRepository } from './persistence/signing-key.repository';
import { generateSigningKey, type PgpPublicKey, readPublicKey, readSigningKey } from './pgp';

/** The actor of keys that are made because one is needed. */
export const SIGNING_ACTOR = 'platform';

/** The keys of a namespace: made, imported, switched, deleted. */
@Injectable()
export class SigningKeys {
  constructor(
    private readonly keys: SigningKeyRepository,
    private readonly namespaces: NamespacesService,
    private readonly box: SecretBox,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  async list(namespace: string, query: ListQuery): Promise<Page<SigningKeyResponse>> {
    const page = cutNewestFirst(await this.keys.findAll(await this.namespaceId(namespace)), query);
    return { ...page, items: page.items.map(toSigningKeyResponse) };
  }

  /**
   * Generates a key, imports one, or takes note of a public one.
   * @throws InvalidFieldError, SigningKeyRefusedError; ConflictError when the key is there already
   */
  async create(actor: Actor, namespace: string, request: CreateSigningKeyRequest): Promise<SigningKeyResponse> {
    const namespaceId = await this.namespaceId(namespace);
    const { private_key: privateKey, passphrase, public_key: publicKey } = request;
    if (privateKey !== undefined && publicKey !== undefined) {
      throw new InvalidFieldError('public_key', 'comes with the private key: give one of the two');
    }
    if (passphrase !== undefined && privateKey === undefined) {
      throw new InvalidFieldError('passphrase', 'needs a private_key to open');
    }
    if (publicKey !== undefined) return this.takeNote(actor.label, namespaceId, publicKey);
    if (privateKey === undefined) return toSigningKeyResponse(await this.generate(actor.label, namespaceId));
    const key = await readSigningKey(privateKey, passphrase);
    return toSigningKeyResponse(await this.store(actor.label, namespaceId, key, key.privateKey, 'imported'));
  }

  /** From now on new versions are signed with this key. */
  async activate(actor: Actor, namespace: string, id: string): Promise<SigningKeyResponse> {
    const namespaceId = await this.namespaceId(namespace);
    return this.database.transaction(async (transaction) => {
      const key = await this.get(namespaceId, id);
      if (key.privateKey === null) {
        throw new ConflictError('signing-key-external', 'The private part of this key is not here, so it cannot sign.');
      }
      if (key.revokedAt !== null) throw new ConflictError('signing-key-revoked', 'This key is revoked.');
      await this.keys.deactivateAll(transaction, namespaceId);
      await this.keys.update(transaction, id, { active: true });
      await this.audit.record(transaction, this.event(actor.label, 'activate', key));
      return toSigningKeyResponse({ ...key, active: true });
    });
  }

  /** @throws ConflictError for a key that signs a version */
  async delete(actor: Actor, namespace: string, id: string): Promise<void> {
    const namespaceId = await this.namespaceId(namespace);
    try {
      await this.database.transaction(async (transaction) => {
        const key = await this.get(namespaceId, id);
        await this.keys.delete(transaction, id);
        await this.audit.record(transaction, this.event(actor.label, 'delete', key));
      });
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new ConflictError(
        'signing-key-in-use',
        'A version is signed with this key, and clients need the key to install it. Activate another key for new versions; delete those versions first to delete this one.',
      );
    }
  }

  /** Makes a key that signs from now on. */
  async generate(by: string, namespaceId: string): Promise<SigningKeyEntity> {
    const name = (await this.namespaces.findNames([namespaceId])).get(namespaceId);
    if (name === undefined) throw new NotFoundError('namespace');
    const key = await generateSigningKey(`Plomada registry, namespace ${name}`);
    return this.store(by, namespaceId, key, key.privateKey, 'generated');
  }

  /** The key that signs new versions of a namespace; null when it has none yet. */
  findActive(namespaceId: string): Promise<SigningKeyEntity | null> {
    return this.keys.findActive(namespaceId);
  }

  /** The private part of a key, armoured. Never to be kept, logged or sent. @throws SecretUnreadableError */
  open(key: SigningKeyEntity): string {
    if (key.privateKey === null) throw new Error('The key has no private part here.');
    return this.box.open(key.privateKey, contextOf(key.id));
  }

  private async takeNote(by: string, namespaceId: string, armored: string): Promise<SigningKeyResponse> {
    const found = await readPublicKey(armored);
    if (!found.isRevoked) return toSigningKeyResponse(await this.store(by, namespaceId, found, null, 'external'));
    const known = await this.keys.findByFingerprint(namespaceId, found.fingerprint);
    if (!known) throw new InvalidFieldError('public_key', 'is revoked: clients refuse what it signs');
    const changes = { revokedAt: this.clock.timestamp(), active: false, publicKey: found.publicKey };
    await this.audit.perform(this.event(by, 'revoke', known), (transaction) =>
      this.keys.update(transaction, known.id, changes),
    );
    this.answers.forget(namespaceId);
    return toSigningKeyResponse({ ...known, ...changes });
  }

  private async store(
    by: string,
    namespaceId: string,
    found: PgpPublicKey,
    privateKey: string | null,
    source: KeySource,
  ): Promise<SigningKeyEntity> {
    const id = newId();
    const key: SigningKeyEntity = {
      id,
      namespaceId,
      keyId: found.keyId,
      fingerprint: found.fingerprint,
      algorithm: found.algorithm,
      publicKey: found.publicKey,
      privateKey: privateKey === null ? null : this.box.seal(privateKey, contextOf(id)),
      source,
      active: privateKey !== null,
      createdAt: this.clock.timestamp(),
      revokedAt: null,
    };
    try {
      await this.audit.perform(this.event(by, 'create', key), async (transaction) => {
        if (key.active) await this.keys.deactivateAll(transaction, namespaceId);
        await this.keys.insert(transaction, key);
      });
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new NotFoundError('namespace');
      if (!isUniqueViolation(error)) throw error;
      throw new ConflictError('signing-key-exists', `The namespace has the key ${key.keyId} already.`);
    }
    return key;
  }

  private async get(namespaceId: string, id: string): Promise<SigningKeyEntity> {
    const key = isId(id) ? await this.keys.findIn(namespaceId, id) : null;
    if (!key) throw new NotFoundError('signing key');
    return key;
  }

  private async namespaceId(reference: string): Promise<string> {
    const id = await this.namespaces.findId(reference);
    if (id === null) throw new NotFoundError('namespace');
    return id;
  }

  private event(by: string, verb: string, key: SigningKeyEntity): AuditEvent {
    return {
      actor: by,
      action: `signing_key.${verb}`,
      targetType: 'signing_key',
      targetId: key.id,
      namespaceId: key.namespaceId,
      details: { key_id: key.keyId, algorithm: key.algorithm, source: key.source },
    };
  }
}

function contextOf(id: string): string {
  return `signing_key:${id}`;
}
