import { DomainError } from '../../common/errors';

/** A key that cannot be used for signing providers; the message says why, and what to use instead. No key material. */
export class SigningKeyRefusedError extends DomainError {
  constructor(message: string) {
    super('invalid', 'signing-key-refused', message);
  }
}

/** The end of a message about a kind of key that some client cannot read. */
export const USE_INSTEAD =
  'Use a version 4 key: RSA with 2048 bits or more, Ed25519 as gpg 2 makes it, or NIST P-256, P-384 or P-521. ' +
  '`gpg --quick-generate-key NAME rsa4096 sign never` makes one.';
