import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { type AuditEvent, AuditService } from '../audit';
import { ARTIFACT_STORE, ArtifactReferences, type ArtifactStore } from '../artifacts';
import { Clock } from '../common/clock';
import { ConflictError, DomainError, NotFoundError } from '../common/errors';
import { isId, newId } from '../common/ids';
import { StateConfig } from '../config/config';
import { Database } from '../database/database';
import { NotAStateError } from './domain/state-document';
import type { StateAuthor } from './domain/state-author';
import type { StateKey } from './domain/state-key';
import { serialOfRollback, succession } from './domain/state-succession';
import { LargeStates } from './large-states';
import { StateRepository } from './persistence/state.repository';
import type { StateVersionEntity } from './persistence/state-version.entity';
import { StateContents, type StoredContent } from './state-contents.service';
import { StateLocks } from './state-locks.service';
import type { AdmittedState, StoredState } from './work/state-work';
import { StateWorkshop } from './work/state-workshop.service';

const ROLLBACK = 'state.rollback';

/**
 * Keeps the states of deployments: every accepted one is a version, encrypted, and nothing is ever overwritten. What may
 * follow what is decided by lineage and serial, inside the unit that stores it.
 */
@Injectable()
export class States implements OnModuleInit {
  constructor(
    private readonly repository: StateRepository,
    private readonly workshop: StateWorkshop,
    private readonly contents: StateContents,
    private readonly large: LargeStates,
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
  async read(key: StateKey): Promise<StoredContent | null> {
    const newest = await this.repository.findNewest(key);
    return newest && this.open(newest);
  }

  /**
   * Takes a state as the next version. Whoever brings a large one holds the room for it (`LargeStates`).
   * @param bytes given away: the caller must not use them any more
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
    const id = newId();
    const admitted = await refusingWhatIsNone(
      this.workshop.run({ kind: 'admit', bytes, context: contextOf({ ...key, id }) }),
    );
    return this.take(key, id, admitted, author, action, lockId);
  }

  /** Takes a state that an apply could not save, out of the file that the tool has left. @throws as `write` */
  recover(
    key: StateKey,
    errored: { sizeBytes: number; read(): Promise<Buffer> },
    author: StateAuthor,
  ): Promise<StateVersionEntity> {
    return this.large.hold(errored.sizeBytes, async () =>
      this.write(key, await errored.read(), author, 'state.recover'),
    );
  }

  /** Writes an older version anew, with a serial above that of the present one. Nothing is lost by it. */
  async rollBack(key: StateKey, versionId: string, author: StateAuthor): Promise<StateVersionEntity> {
    const version = await this.getVersion(key, versionId);
    const newest = await this.repository.findNewest(key);
    const highest = await this.repository.findHighestSerial(key, version.lineage);
    const serial = serialOfRollback(newest, highest ?? version.serial);
    return this.rewrite(version, { as: 'rolled-back', serial }, author, ROLLBACK);
  }

  /** Leaves a state with nothing in it, as a version of its own. Null when there is none to empty. */
  async empty(key: StateKey, author: StateAuthor, lockId?: string): Promise<StateVersionEntity | null> {
    await this.locks.assertMayWrite(key, lockId, author);
    const present = await this.repository.findNewest(key);
    if (!present) return null;
    if (present.resourceCount === null) {
      throw new ConflictError('state-conflict', 'The tool has encrypted this state: only the tool can empty it.');
    }
    return this.rewrite(present, { as: 'emptied', serial: present.serial + 1 }, author, 'state.empty', lockId);
  }

  /** The outputs of the newest version as JSON text, without values of sensitive ones. */
  async outputs(key: StateKey): Promise<Uint8Array> {
    const newest = await this.repository.findNewest(key);
    if (!newest) return Buffer.from('{}');
    return this.large.hold(newest.sizeBytes, async () =>
      this.workshop.run({ kind: 'outputs', stored: await this.load(newest) }),
    );
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

  /** The content of a version, as it was sent. @throws SecretUnreadableError, ArtifactMissingError */
  open(version: StateVersionEntity): Promise<StoredContent> {
    return this.contents.open(version.blobSha256, contextOf(version), version.sizeBytes);
  }

  /** Folders of a deployment whose state holds resources, or may. */
  async findFoldersInUse(deploymentId: string): Promise<string[]> {
    const newest = await this.repository.findNewestOfEach(deploymentId);
    return newest.filter(({ resourceCount }) => resourceCount !== 0).map(({ path }) => path);
  }

  private rewrite(
    version: StateVersionEntity,
    how: { as: 'rolled-back' | 'emptied'; serial: number },
    author: StateAuthor,
    action: string,
    lockId?: string,
  ): Promise<StateVersionEntity> {
    const { deploymentId, path } = version;
    const id = newId();
    return this.large.hold(version.sizeBytes, async () => {
      const task = {
        kind: 'rewrite',
        stored: await this.load(version),
        context: contextOf({ deploymentId, path, id }),
      };
      const admitted = await refusingWhatIsNone(this.workshop.run({ ...task, ...how, kind: 'rewrite' }));
      return this.take({ deploymentId, path }, id, admitted, author, action, lockId);
    });
  }

  /** Stores what was looked at as the next version, if it may be that. */
  private async take(
    key: StateKey,
    id: string,
    { sealed, ...admitted }: AdmittedState,
    author: StateAuthor,
    action: string,
    lockId?: string,
  ): Promise<StateVersionEntity> {
    // Stored before the row that refers to it: a version is never without its content.
    const { sha256: blobSha256 } = await this.store.put(Readable.from(sealed, { objectMode: false }));
    return this.database.transaction(async (transaction) => {
      // Looked at here, since a large state takes its time, and the lock may be another's by now.
      await this.locks.assertMayWrite(key, lockId, author);
      const present = await this.repository.findNewest(key);
      const outcome = succession(present, admitted, {
        mayChangeLineage: author.runId === null,
        isRollback: action === ROLLBACK,
        highestSerial: await this.repository.findHighestSerial(key, admitted.lineage),
      });
      if (outcome.kind === 'same' && present) return present;
      if (outcome.kind === 'refused') {
        throw new ConflictError('state-conflict', `The state is not accepted: ${outcome.reason}.`);
      }
      const version: StateVersionEntity = {
        id,
        deploymentId: key.deploymentId,
        path: key.path,
        seq: (present?.seq ?? 0) + 1,
        ...admitted,
        blobSha256,
        runId: author.runId,
        createdBy: author.label,
        createdAt: this.clock.timestamp(),
      };
      await this.repository.insertVersion(transaction, version);
      await this.repository.trim(transaction, key, this.config.keepVersions);
      const endedLineage = outcome.kind === 'next' ? outcome.endedLineage : null;
      await this.audit.record(transaction, eventOf(version, author, action, endedLineage));
      return version;
    });
  }

  private async load(version: StateVersionEntity): Promise<StoredState> {
    const sealed = [await buffer(await this.store.get(version.blobSha256))];
    return { sealed, context: contextOf(version), sizeBytes: version.sizeBytes };
  }
}

function eventOf(
  version: StateVersionEntity,
  author: StateAuthor,
  action: string,
  endedLineage: string | null,
): AuditEvent {
  return {
    actor: author.label,
    action,
    targetType: 'state_version',
    targetId: version.id,
    namespaceId: author.namespaceId,
    details: {
      deployment_id: version.deploymentId,
      path: version.path,
      serial: version.serial,
      run_id: author.runId,
      ...(endedLineage === null ? {} : { lineage_changed: { from: endedLineage, to: version.lineage } }),
    },
  };
}

/** @throws DomainError instead of NotAStateError */
async function refusingWhatIsNone<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NotAStateError)) throw error;
    throw new DomainError('invalid', 'state-invalid', `This is not a state: ${error.message}.`);
  }
}

function contextOf({ id, deploymentId, path }: StateKey & { id: string }): string {
  return `state:${deploymentId}:${path}:${id}`;
}
