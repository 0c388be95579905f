import type { Readable, Writable } from 'node:stream';
import type { ByteRange } from '../common/http/byte-range';

/** Content that is stored, addressed by its own hash: it can be replaced by nothing but itself. */
export interface StoredArtifact {
  /** SHA-256 of the content, 64 hex digits in lower case. */
  sha256: string;
  sizeBytes: number;
}

/** What the sweeper needs to know of one stored artefact. */
export interface ListedArtifact extends StoredArtifact {
  /** When it was last put; putting the same content again counts. */
  storedAt: Date;
}

/**
 * Keeps the archives, provider packages, checksums and signatures that clients download.
 *
 * `put` is all or nothing: content is there whole and under its true hash, or not at all, whatever dies in between.
 * Whoever puts content stores a reference to it in the database afterwards; what is referenced by nothing and was
 * not put for a day is collected. Putting what is there already is no error and renews its time.
 */
export interface ArtifactStore {
  /** Stores a stream. @throws DomainError `body-too-large` past `maxBytes`, `no-space`; what the stream throws */
  put(content: Readable, maxBytes?: number): Promise<StoredArtifact>;

  /** Takes a finished local file over; it is gone from its place afterwards. @throws DomainError `no-space` */
  putFile(file: string): Promise<StoredArtifact>;

  /** The content, or a range of it, as a stream. @throws ArtifactMissingError */
  get(sha256: string, range?: ByteRange): Promise<Readable>;

  /**
   * Writes the content, or a range of it, to `target` as fast as that takes it, and leaves it open.
   * @throws ArtifactMissingError before anything was written; what `target` fails with, and when it closes
   */
  sendTo(sha256: string, target: Writable, range?: ByteRange): Promise<void>;

  /** Null when there is no such artefact. */
  stat(sha256: string): Promise<ListedArtifact | null>;

  /**
   * Removes an artefact if it was last put before `olderThan` and `isWanted` still says no; safe against a `put` of
   * the same content at the same moment. @returns the bytes freed, null when it stays
   */
  collect(sha256: string, olderThan: Date, isWanted: () => Promise<boolean>): Promise<number | null>;

  /** Everything that is stored, in no order. */
  list(): AsyncIterable<ListedArtifact>;
}

/** Content that the database knows and the store has not: a damaged or half restored DATA_DIR. */
export class ArtifactMissingError extends Error {
  constructor(sha256: string) {
    super(`The artefact ${sha256} is not in the store.`);
  }
}

/** Nest injection token of the port. */
export const ARTIFACT_STORE = Symbol('ArtifactStore');
