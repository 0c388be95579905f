import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { AuditService } from '../audit';
import { ARTIFACT_STORE, ArtifactReferences, type ArtifactStore } from '../artifacts';
import { Clock } from '../common/clock';
import { ConflictError, DomainError, NotFoundError } from '../common/errors';
import { isId, newId } from '../common/ids';
import { StateConfig } from '../config/config';
import { Database } from '../database/database';
import { emptied, NotAStateError, readState, type StateContent, withSerial } from './domain/state-document';
import type { StateAuthor } from './domain/state-author';
import type { StateKey } from './domain/state-key';
import { serialOfRollback, succession } from './domain/state-succession';
import { StateRepository } from './persistence/state.repository';
import type { StateVersionEntity } from './persistence/state-version.entity';
import { StateCipher } from './state-cipher';
import { StateLocks } from './state-locks.service';

/**
 * Keeps the states of deployments: every accepted one is a version, encrypted, and nothing is ever overwritten. What may
 * follow what is decided by lineage and serial, inside the unit that stores it.
 */
@Injectable()
export class States implements OnModuleInit {
  constructor(
    private readonly repository: StateRepository,
    private readonly cipher: StateCipher,
    private readonly locks: StateLocks,
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly references: ArtifactReferences,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly config: StateConfig,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.references.register((sha256s) => this.repository.findReferenced(sha256s));
  }

  /** The newest state, byte for byte as it was sent; null while there is none. */
  async read(key: StateKey): Promise<Buffer | null> {
    const newest = await this.repository.findNewest(key);
    return newest && this.open(newest);
  }

  /**
   * Takes a state as the next version.
   * @param lockId of the lock that the author says to hold
   * @returns the version; the present one when the same bytes were sent again
   * @throws DomainError (400) when it is no state; ConflictError when it may not follow the present one; StateLockedError
   */
  async write(
    key: StateKey,
    bytes: Buffer,
    author: StateAuthor,
    action = 'state.write',
    lockId?: string,
  ): Promise<StateVersionEntity> {
    const content = contentOf(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const version = await this.prepare(key, bytes, { ...content, sha256 }, author);
    return this.database.transaction(async (transaction) => {
      // Looked at here, since a large state takes its time, and the lock may be another's by now.
      await this.locks.assertMayWrite(key, lockId, author);
      const present = await this.repository.findNewest(key);
      const outcome = succession(present, version, {
        mayChangeLineage: author.runId === null,
        highestSerial: await this.repository.findHighestSerial(key, version.lineage),
      });
      if (outcome.kind === 'same' && present) return present;
      if (outcome.kind === 'refused') {
        throw new ConflictError('state-conflict', `The state is not accepted: ${outcome.reason}.`);
      }
      const endedLineage = outcome.kind === 'next' ? outcome.endedLineage : null;
      version.seq = (present?.seq ?? 0) + 1;
      await this.repository.insertVersion(transaction, version);
      await this.repository.trim(transaction, key, this.config.keepVersions);
      await this.audit.record(transaction, {
        actor: author.label,
        action,
        targetType: 'state_version',
        targetId: version.id,
        namespaceId: author.namespaceId,
        details: {
          deployment_id: key.deploymentId,
          path: key.path,
          serial: version.serial,
          run_id: author.runId,
          ...(endedLineage === null ? {} : { lineage_changed: { from: endedLineage, to: version.lineage } }),
        },
      });
      return version;
    });
  }

  /** Writes an older version anew, with a serial above that of the present one. Nothing is lost by it. */
  async rollBack(key: StateKey, versionId: string, author: StateAuthor): Promise<StateVersionEntity> {
    const version = await this.getVersion(key, versionId);
    const newest = await this.repository.findNewest(key);
    const highest = await this.repository.findHighestSerial(key, version.lineage);
    const text = (await this.open(version)).toString('utf8');
    const serial = serialOfRollback(newest, highest ?? version.serial);
    const bytes = refusingWhatIsNone(() => Buffer.from(withSerial(text, serial)));
    return this.write(key, bytes, author, 'state.rollback');
  }

  /** Leaves a state with nothing in it, as a version of its own. Null when there is none to empty. */
  async empty(key: StateKey, author: StateAuthor, lockId?: string): Promise<StateVersionEntity | null> {
    await this.locks.assertMayWrite(key, lockId, author);
    const present = await this.read(key);
    if (!present) return null;
    const text = present.toString('utf8');
    const { serial, resourceCount } = readState(text);
    if (resourceCount === null) {
      throw new ConflictError('state-conflict', 'The tool has encrypted this state: only the tool can empty it.');
    }
    return this.write(key, Buffer.from(emptied(text, serial + 1)), author, 'state.empty', lockId);
  }

  /** Newest first. */
  listVersions(key: StateKey): Promise<StateVersionEntity[]> {
    return this.repository.findVersions(key);
  }

  /** @throws NotFoundError */
  async getVersion(key: StateKey, versionId: string): Promise<StateVersionEntity> {
    const version = isId(versionId) ? await this.repository.findVersion(key, versionId) : null;
    if (!version) throw new NotFoundError('state version');
    return version;
  }

  /** The bytes of a version, as they were sent. @throws SecretUnreadableError, ArtifactMissingError */
  async open(version: StateVersionEntity): Promise<Buffer> {
    const sealed = await buffer(await this.store.get(version.blobSha256));
    return this.cipher.open(sealed, contextOf(version));
  }

  /** Folders of a deployment whose state holds resources, or may. */
  async findFoldersInUse(deploymentId: string): Promise<string[]> {
    const newest = await this.repository.findNewestOfEach(deploymentId);
    return newest.filter(({ resourceCount }) => resourceCount !== 0).map(({ path }) => path);
  }

  private async prepare(
    { deploymentId, path }: StateKey,
    bytes: Buffer,
    content: StateContent & { sha256: string },
    author: StateAuthor,
  ): Promise<StateVersionEntity> {
    const version: StateVersionEntity = {
      id: newId(),
      deploymentId,
      path,
      seq: 0,
      serial: content.serial,
      lineage: content.lineage,
      sha256: content.sha256,
      sizeBytes: bytes.length,
      blobSha256: '',
      resourceCount: content.resourceCount,
      runId: author.runId,
      createdBy: author.label,
      createdAt: this.clock.timestamp(),
    };
    const sealed = await this.cipher.seal(bytes, contextOf(version));
    // Stored before the row that refers to it: a version is never without its content.
    const { sha256: blobSha256 } = await this.store.put(Readable.from([sealed]));
    return { ...version, blobSha256 };
  }
}

function contentOf(bytes: Buffer): StateContent {
  return refusingWhatIsNone(() => readState(bytes.toString('utf8')));
}

/** @throws DomainError instead of NotAStateError */
function refusingWhatIsNone<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NotAStateError)) throw error;
    throw new DomainError('invalid', 'state-invalid', `This is not a state: ${error.message}.`);
  }
}

function contextOf({ id, deploymentId, path }: StateVersionEntity): string {
  return `state:${deploymentId}:${path}:${id}`;
}
