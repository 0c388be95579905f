/**
 * As clients accept it, which lower-case it: letters, digits and single dashes inside; 1 to 64. `terraform-` in front
 * is what a repository is called, never the provider (protocol: the client refuses it).
 */
export const PROVIDER_NAME = /^(?!terraform-)[0-9a-z](?:[0-9a-z]|-(?!-)){0,63}(?<!-)$/;
export const PROVIDER_NAME_RULE =
  'must be 1 to 64 of a-z, 0-9 and, inside, single dashes, without terraform- or terraform-provider- in front';

/** Plugin protocols that clients speak: from 5, below 7. */
export const PROTOCOL = /^[56](?:\.\d{1,2})?$/;
export const PROTOCOL_RULE = 'must be plugin protocols such as 5.0 or 6.0';
export const DEFAULT_PROTOCOLS = ['5.0'];

/** What the package of a platform is called. */
export function packageName(name: string, version: string, os: string, arch: string): string {
  return `terraform-provider-${name}_${version}_${os}_${arch}.zip`;
}

export function shasumsName(name: string, version: string): string {
  return `terraform-provider-${name}_${version}_SHA256SUMS`;
}
