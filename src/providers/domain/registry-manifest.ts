import { PROTOCOL } from './provider-rules';

/** Where a provider's repository says which protocols it speaks (the convention of the public registries). */
export const MANIFEST_FILE = 'terraform-registry-manifest.json';

/** `metadata.protocol_versions` of a manifest; null when it says nothing that can be used. */
export function protocolsOfManifest(text: string): string[] | null {
  try {
    const manifest = JSON.parse(text) as { metadata?: { protocol_versions?: unknown } } | null;
    const protocols = manifest?.metadata?.protocol_versions;
    if (!Array.isArray(protocols) || protocols.length === 0 || protocols.length > 4) return null;
    return protocols.every((each): each is string => typeof each === 'string' && PROTOCOL.test(each))
      ? protocols
      : null;
  } catch {
    return null;
  }
}
