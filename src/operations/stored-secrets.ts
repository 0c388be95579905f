/** A column whose values are sealed by `SecretBox`. */
export interface SealedColumn {
  table: string;
  column: string;
  /** What it was sealed with, `{id}` being the id of its row: as the room that seals it says. */
  context: string;
  /** SQL condition on the row, where only some of its values are sealed. */
  where?: string;
}

/**
 * Every column that `SecretBox` seals. A rotation of the key seals these anew, and what is missing here would be lost by
 * it: `stored-secrets.spec.ts` compares this list with the entities, and with every place that seals.
 */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  ...(['deployment', 'module', 'provider'] as const).flatMap((owner) =>
    (['git_password', 'git_ssh_key'] as const).map((column) => ({
      table: `${owner}s`,
      column,
      context: `${owner}:{id}:${column}`,
    })),
  ),
  { table: 'modules', column: 'webhook_token', context: 'module:{id}:webhook' },
  { table: 'providers', column: 'webhook_token', context: 'provider:{id}:webhook' },
  { table: 'runs', column: 'sensitive_env_vars', context: 'run:{id}:sensitive_env_vars' },
  { table: 'signing_keys', column: 'private_key', context: 'signing_key:{id}' },
  ...['deployment_variables', 'variable_set_variables'].flatMap((table) => [
    { table, column: 'value', context: 'variable:{id}', where: 'sensitive' },
    { table, column: 'parsed', context: 'variable:{id}:parsed', where: 'sensitive' },
  ]),
];

/** The one column that names artefacts which are encrypted, by `StateCipher`. */
export const SEALED_BLOBS = { table: 'state_versions', column: 'blob_sha256' } as const;

/** Every column that holds the hash of an artefact: what a backup takes along. */
export const ARTIFACT_COLUMNS: readonly { table: string; column: string }[] = [
  { table: 'module_versions', column: 'sha256' },
  { table: 'provider_platforms', column: 'shasum' },
  { table: 'provider_versions', column: 'shasums_sha256' },
  { table: 'provider_versions', column: 'signature_sha256' },
  SEALED_BLOBS,
];

/** The context of a sealed value. */
export function contextOf({ context }: SealedColumn, id: string): string {
  return context.replace('{id}', id);
}

/** The context of a sealed state. */
export function stateContextOf(version: { id: string; deploymentId: string; path: string }): string {
  return `state:${version.deploymentId}:${version.path}:${version.id}`;
}
