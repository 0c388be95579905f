import { type CredentialsUsage, credentialsUsage } from '../../common/registry/usage';

export interface ProviderUsage extends CredentialsUsage {
  source: string;
  version: string | null;
  snippet: string;
}

/** What to paste to use a provider. */
export function providerUsage(
  host: string,
  provider: { namespace: string; name: string },
  version: string | null,
): ProviderUsage {
  const source = `${host}/${provider.namespace}/${provider.name}`;
  const constraint = version === null ? [] : [`      version = "${version}"`];
  const lines = [
    'terraform {',
    '  required_providers {',
    `    ${provider.name} = {`,
    `      source  = "${source}"`,
    ...constraint,
    '    }',
    '  }',
    '}',
  ];
  return { source, version, snippet: `${lines.join('\n')}\n`, ...credentialsUsage(host) };
}
