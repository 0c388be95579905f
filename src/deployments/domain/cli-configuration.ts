/**
 * A CLI configuration for terraform and tofu that sends them to `serverUrl` for the registry of `host`, with a token. The
 * `host` block stands in for service discovery, so neither TLS nor a name that can be looked up is needed (protocol facts,
 * section 1).
 */
export function renderCliConfiguration(host: string, serverUrl: string, token: string): string {
  const quoted = JSON.stringify(host);
  return [
    `credentials ${quoted} {`,
    `  token = ${JSON.stringify(token)}`,
    '}',
    `host ${quoted} {`,
    '  services = {',
    `    "modules.v1"   = ${JSON.stringify(`${serverUrl}/v1/modules/`)}`,
    `    "providers.v1" = ${JSON.stringify(`${serverUrl}/v1/providers/`)}`,
    '  }',
    '}',
    '',
  ].join('\n');
}
