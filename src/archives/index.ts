export { archiveLimits, type ArchiveLimits } from './archive-limits';
export { ArchiveRefusedError } from './archives.errors';
export { findModuleRoot } from './module-root';
export { packModule, type PackedModule } from './pack-module';
export { inspectProviderZip, type ExpectedProvider, type InspectedProvider } from './provider-zip';
export { unpackArchive } from './unpack-archive';
export { writeZip, type ZipSource } from './write-zip';
export type { HashedFile } from './hashed-file';
