/** How clients are told of a host: what they paste into their configuration. */
export interface CredentialsUsage {
  /** For the CLI configuration (`~/.terraformrc`, `~/.tofurc`). */
  credentials: string;
  /** Name of the environment variable that does the same; null where the host has a port, which no name can hold. */
  token_variable: string | null;
}

/** @param host as in module and provider addresses, with its port unless it is 443 */
export function credentialsUsage(host: string): CredentialsUsage {
  return {
    credentials: `credentials "${host}" {\n  token = "plm_…"\n}\n`,
    token_variable: tokenVariable(host),
  };
}

/**
 * The environment variable terraform and tofu take the token of a host from: dots as `_`, hyphens as `__`. Null for a
 * host with a port, since a shell cannot set such a name (protocol facts, section 5).
 */
export function tokenVariable(host: string): string | null {
  return host.includes(':') ? null : `TF_TOKEN_${host.replaceAll('-', '__').replaceAll('.', '_')}`;
}
