/** Lower-case letters, digits, and inner `-` or `_`; 1 to 64 characters. One form only, so there are no twins in case. */
export const NAMESPACE_NAME = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;

export const NAMESPACE_NAME_RULE = 'must be 1 to 64 of a-z, 0-9 and, inside, - or _';

/** The namespace that exists from the first start. */
export const DEFAULT_NAMESPACE = 'default';

/** Clients refuse provider namespaces with `_`, and with two dashes in a row. */
export function canHoldProviders(name: string): boolean {
  return !name.includes('_') && !name.includes('--');
}
