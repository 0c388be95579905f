/** One thing somebody did. */
export class AuditEntryResponse {
  id!: string;

  /** When, RFC 3339 in UTC. */
  at!: string;

  /**
   * Who: name and prefix of the key, or `platform`.
   * @example 'ci (plm_4fTz9Qa1)'
   */
  actor!: string;

  /**
   * What, as `noun.verb`.
   * @example 'run.approve'
   */
  action!: string;

  /** @example 'run' */
  target_type!: string;

  target_id!: string;

  /** Null for what concerns the platform as a whole. */
  namespace_id!: string | null;

  /** What else there is to say of it; never a secret. */
  details!: Record<string, unknown>;

  /** The request that did it; null for what the platform did by itself. */
  request_id!: string | null;
}
