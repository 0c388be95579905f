const RATIO_FROM_BYTES = 100 * 1024 ** 2;

/** How much an archive may hold. */
export interface ArchiveLimits {
  /** Most files, folders and links, folders that no entry of their own names among them. */
  maxEntries: number;
  /** Most bytes after decompression. */
  maxUnpackedBytes: number;
  /** Most bytes that one byte of the archive may become. */
  maxRatio: number;
  /** The ratio counts once more than this many bytes are unpacked: small archives may compress well. */
  ratioFromBytes: number;
}

/** The limits of the registry. @param uploadMaxBytes the largest upload (`UPLOAD_MAX_BYTES`) */
export function archiveLimits(uploadMaxBytes: number): ArchiveLimits {
  return {
    maxEntries: 20_000,
    maxUnpackedBytes: 4 * uploadMaxBytes,
    maxRatio: 100,
    ratioFromBytes: RATIO_FROM_BYTES,
  };
}
