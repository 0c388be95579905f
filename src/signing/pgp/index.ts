export { findSigner, type FoundSigner } from './find-signer';
export { generateSigningKey } from './generate-signing-key';
export type { PgpPublicKey, PgpSigningKey } from './pgp-key';
export { SigningKeyRefusedError } from './pgp.errors';
export { readPublicKey } from './read-public-key';
export { readSigningKey } from './read-signing-key';
export { signDetached } from './sign-detached';
