import { Inject, Injectable } from '@nestjs/common';
import type { Writable } from 'node:stream';
import { ARTIFACT_STORE, type ArtifactStore } from '../artifacts';
import { DerivedKeys } from '../crypto/derived-keys';
import { assertOpens, openInto } from './sealed-state';
import { stateKeyOf } from './state-cipher';

/** The content of a version, ready to be sent. */
export interface StoredContent {
  sizeBytes: number;
  /** Writes it to the target, a piece at a time, and ends that. @throws what the target fails with */
  sendTo(target: Writable): Promise<void>;
}

/**
 * Reads states out of the store for whoever wants them whole: a piece at a time, so that a large one takes no more memory
 * than a small one, however many want it and however slow they are. It needs no thread: a piece takes a tenth of a
 * millisecond, and unpacking is done by threads of Node.
 */
@Injectable()
export class StateContents {
  private readonly key: Buffer;

  constructor(
    keys: DerivedKeys,
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
  ) {
    this.key = stateKeyOf(keys);
  }

  /**
   * Whether it is whole is looked at first, since what is sent cannot be taken back: so it is read twice.
   * @throws SecretUnreadableError, ArtifactMissingError
   */
  async open(blobSha256: string, context: string, sizeBytes: number): Promise<StoredContent> {
    await assertOpens(this.key, await this.store.get(blobSha256), context);
    return {
      sizeBytes,
      sendTo: async (target) => openInto(this.key, await this.store.get(blobSha256), context, target),
    };
  }
}
