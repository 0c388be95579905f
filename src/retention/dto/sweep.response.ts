/** What a sweep did, or would do. */
export class SweepResponse {
  /** Working directories, `artifacts/<sha256>` of stored files that nothing refers to, `.build-cache/<namespace>`. */
  removed!: string[];

  /** Runs whose approval expired. */
  expired_approvals!: string[];

  freed_bytes!: number;

  /** What could not be done; the rest was. */
  errors!: string[];
}
