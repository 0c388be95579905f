/** One rejected field. */
export class FieldErrorResponse {
  /** @example 'git_url' */
  field!: string;

  /** @example 'must be a Git URL' */
  message!: string;
}

/** An error answer (RFC 9457). */
export class ProblemResponse {
  /**
   * What went wrong; explained in the documentation under this name.
   * @example '/problems/validation-failed'
   */
  type!: string;

  /** @example 'The request is not valid' */
  title!: string;

  /** @example 400 */
  status!: number;

  /** What happened and what to do. */
  detail!: string;

  /** @example 'urn:request:5b3b0c0e-6e0e-4b7a-9a53-0d9a1c7f2f10' */
  instance!: string;

  /** The rejected fields of a body. */
  errors?: FieldErrorResponse[];
}
