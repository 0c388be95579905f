/** A draft takes platforms; a published version changes no more. */
export type VersionStatus = 'draft' | 'published';
