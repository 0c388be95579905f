import { type CredentialsUsage, credentialsUsage } from '../../common/registry/usage';

export interface ModuleUsage extends CredentialsUsage {
  source: string;
  version: string | null;
  snippet: string;
}

/** What to paste to use a module. */
export function moduleUsage(
  host: string,
  module: { namespace: string; name: string; provider: string },
  version: string | null,
): ModuleUsage {
  const source = `${host}/${module.namespace}/${module.name}/${module.provider}`;
  const lines = [`module "${module.name}" {`, `  source  = "${source}"`];
  if (version !== null) lines.push(`  version = "${version}"`);
  return { source, version, snippet: `${lines.join('\n')}\n}\n`, ...credentialsUsage(host) };
}
