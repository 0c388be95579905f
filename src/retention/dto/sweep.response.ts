/** What a sweep did, or would do. */
export class SweepResponse {
  /** Working directories. */
  removed!: string[];

  /** Runs whose approval expired. */
  expired_approvals!: string[];

  /** SHA-256 of stored files of the registry that nothing refers to any more. */
  removed_artifacts!: string[];

  freed_bytes!: number;

  /** What could not be done; the rest was. */
  errors!: string[];
}
