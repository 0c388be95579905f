/** As clients accept it: letters, digits and, inside, `-` or `_`; 1 to 64 (protocol: refused by the client otherwise). */
export const MODULE_NAME = /^[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?$/;
export const MODULE_NAME_RULE = 'must be 1 to 64 of A-Z, a-z, 0-9 and, inside, - or _';

/** The target system: lower-case letters and digits alone; 1 to 64. */
export const MODULE_PROVIDER = /^[0-9a-z]{1,64}$/;
export const MODULE_PROVIDER_RULE = 'must be 1 to 64 of a-z and 0-9, such as aws';

/** What the archive of a version is called. */
export function archiveName(name: string, provider: string, version: string): string {
  return `${name}-${provider}-${version}.tar.gz`;
}
