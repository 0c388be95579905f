import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import {
  type StateLockResponse,
  type StateVersionResponse,
  toStateLockResponse,
  toStateVersionResponse,
} from './dto/state.response';
import type { StateAuthor } from './domain/state-author';
import type { StateKey } from './domain/state-key';
import type { StateVersionEntity } from './persistence/state-version.entity';
import type { StoredContent } from './state-contents.service';
import { StateLocks } from './state-locks.service';
import { StateOwners } from './state-owners';
import { States } from './states.service';

/** What people do with states through the API. */
@Injectable()
export class StateDesk {
  constructor(
    private readonly states: States,
    private readonly locks: StateLocks,
    private readonly owners: StateOwners,
    private readonly audit: AuditService,
  ) {}

  async listVersions(id: string, path: string | undefined): Promise<StateVersionResponse[]> {
    const { key } = await this.open(id, path);
    return (await this.states.listVersions(key)).map(toStateVersionResponse);
  }

  async getVersion(id: string, path: string | undefined, versionId: string): Promise<StateVersionEntity> {
    const { key } = await this.open(id, path);
    return this.states.getVersion(key, versionId);
  }

  /** The raw state; that somebody has read it is in the audit trail. */
  async download(actor: Actor, id: string, version: StateVersionEntity): Promise<StoredContent> {
    const { namespaceId } = await this.open(id, version.path);
    const event = {
      actor: actor.label,
      action: 'state.download',
      targetType: 'state_version',
      targetId: version.id,
      namespaceId,
      details: { deployment_id: id, path: version.path, serial: version.serial },
    };
    return this.audit.perform(event, () => Promise.resolve()).then(() => this.states.open(version));
  }

  /** @throws StateLockedError while somebody works on the state; DomainError for what is no state, or may not follow */
  async upload(actor: Actor, id: string, path: string | undefined, bytes: Buffer): Promise<StateVersionResponse> {
    const { key, namespaceId } = await this.open(id, path);
    const author = authorOf(actor, namespaceId);
    return toStateVersionResponse(await this.states.write(key, bytes, author, 'state.upload'));
  }

  async rollBack(actor: Actor, id: string, path: string | undefined, versionId: string): Promise<StateVersionResponse> {
    const { key, namespaceId } = await this.open(id, path);
    return toStateVersionResponse(await this.states.rollBack(key, versionId, authorOf(actor, namespaceId)));
  }

  /** Text of a JSON object of `StateOutputResponse`, by name. */
  async outputs(id: string, path: string | undefined): Promise<Uint8Array> {
    const { key } = await this.open(id, path);
    return this.states.outputs(key);
  }

  async findLock(id: string, path: string | undefined): Promise<StateLockResponse | null> {
    const { key } = await this.open(id, path);
    const lock = await this.locks.find(key);
    return lock && toStateLockResponse(lock);
  }

  /** Nothing happens when there is none. */
  async breakLock(actor: Actor, id: string, path: string | undefined): Promise<void> {
    const { key, namespaceId } = await this.open(id, path);
    await this.locks.unlock(key, null, authorOf(actor, namespaceId), true);
  }

  private async open(id: string, path: string | undefined): Promise<{ key: StateKey; namespaceId: string }> {
    const owner = await this.owners.find(id);
    if (!owner) throw new NotFoundError('deployment');
    const normalized = normalizeRepositoryPath(path ?? owner.workingDirectory, 'path');
    return { key: { deploymentId: owner.deploymentId, path: normalized }, namespaceId: owner.namespaceId };
  }
}

function authorOf(actor: Actor, namespaceId: string): StateAuthor {
  return { label: actor.label, runId: null, namespaceId };
}
