export { type ArtifactLink, ArtifactLinks, LINK_STEP_SECONDS } from './artifact-links.service';
export { ArtifactReferences } from './artifact-references';
export * from './artifact-store.port';
export { ArtifactSubjects } from './artifact-subjects';
export { ArtifactsModule } from './artifacts.module';
export { asStorageError, tooLarge } from './file-artifact-store';
export { Staging } from './staging.service';
export { DownloadCounter } from './download-counter';
export { Upload, type UploadedFile, UploadedPart } from './upload.interceptor';
