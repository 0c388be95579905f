import type { WrappedKey } from './key-wrapping';

/** The first member of a backup: what it is. */
export const HEAD = 'backup.json';
/** The last member: what must be in it. A backup without it was cut off. */
export const MANIFEST = 'manifest.json';
export const DATABASE = 'plomada.db';

export interface BackupHead {
  format: 1;
  product: 'plomada';
  product_version: string;
  /** Names of the migrations of the database, oldest first; the last one is its schema version. */
  migrations: string[];
  created_at: string;
  /** Null when it was left out. */
  encryption_key: WrappedKey | null;
}

export interface BackupMember {
  name: string;
  size: number;
  sha256: string;
}

export interface BackupManifest {
  product_version: string;
  schema_version: string | null;
  created_at: string;
  /** All members before this one. */
  members: BackupMember[];
  /** Artefacts that the database names and the store had not, or not intact. */
  missing_artifacts: string[];
}
