/** What went wrong in the terms of the domain; the HTTP layer maps each kind to one status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'unsupported-media-type'
  | 'range'
  | 'unprocessable'
  | 'too-many-requests'
  | 'insufficient-storage'
  | 'unavailable';

/** One rejected field of a request body. */
export interface FieldError {
  /** Name of the field as on the wire; dotted for nested ones. */
  field: string;
  message: string;
}

/**
 * The root of all errors that a caller can act on. `code` is stable and has a heading in `docs/problems.md`;
 * `message` is shown to the caller, so it must say what to do and must not hold a secret or a path of the host.
 */
export class DomainError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly fields?: FieldError[],
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** A request that breaks a rule a validator cannot see; names the field. */
export class InvalidFieldError extends DomainError {
  constructor(field: string, message: string) {
    super('invalid', 'validation-failed', message, [{ field, message }]);
  }
}

export class NotFoundError extends DomainError {
  constructor(what: string) {
    super('not-found', 'not-found', `There is no such ${what}.`);
  }
}

export class ConflictError extends DomainError {
  constructor(code: string, message: string) {
    super('conflict', code, message);
  }
}
