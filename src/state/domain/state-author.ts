/** Who works on a state. */
export interface StateAuthor {
  /** As the audit trail names them. */
  label: string;
  /** Null for a person. */
  runId: string | null;
  namespaceId: string;
}
