import type { AuditEvent } from '../audit';
import type { ProviderEntity } from './persistence/provider.entity';
import type { ProviderVersionEntity } from './persistence/provider-version.entity';

/** What somebody did to a provider. @param by as the trail names them */
export function providerEvent(
  by: string,
  verb: string,
  provider: ProviderEntity,
  details: Record<string, unknown>,
): AuditEvent {
  return {
    actor: by,
    action: `provider.${verb}`,
    targetType: 'provider',
    targetId: provider.id,
    namespaceId: provider.namespaceId,
    details,
  };
}

/** What somebody did to a version of a provider. */
export function providerVersionEvent(
  by: string,
  verb: string,
  provider: ProviderEntity,
  version: ProviderVersionEntity,
  details: Record<string, unknown> = {},
): AuditEvent {
  return {
    actor: by,
    action: `provider_version.${verb}`,
    targetType: 'provider_version',
    targetId: version.id,
    namespaceId: provider.namespaceId,
    details: { provider: provider.name, version: version.version, ...details },
  };
}
