/** Whose state: a folder of a deployment. */
export interface StateKey {
  deploymentId: string;
  /** Normalized. */
  path: string;
}
