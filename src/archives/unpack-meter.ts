import type { ArchiveLimits } from './archive-limits';
import { ArchiveRefusedError } from './archives.errors';

/**
 * Counts what comes out of an archive while it comes: what the headers of the archive say of its sizes is never
 * believed.
 */
export class UnpackMeter {
  private bytes = 0;

  /** @param packedBytes the size of the archive itself */
  constructor(
    private readonly limits: ArchiveLimits,
    private readonly packedBytes: number,
  ) {}

  /** @throws ArchiveRefusedError as soon as a limit is passed */
  add(bytes: number): void {
    this.bytes += bytes;
    assertUnpackedSize(this.bytes, this.limits);
    if (this.bytes > this.limits.ratioFromBytes && this.bytes > this.limits.maxRatio * this.packedBytes) {
      throw new ArchiveRefusedError(
        `The archive unpacks to more than ${this.limits.maxRatio} times its size: it is taken for a decompression bomb.`,
      );
    }
  }
}

/** @throws ArchiveRefusedError when there is more content than allowed */
export function assertUnpackedSize(bytes: number, limits: ArchiveLimits): void {
  if (bytes <= limits.maxUnpackedBytes) return;
  throw new ArchiveRefusedError(`The content is larger than the limit of ${shownBytes(limits.maxUnpackedBytes)}.`);
}

function shownBytes(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${bytes} bytes`;
}
