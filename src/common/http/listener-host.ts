import { isIPv6 } from 'node:net';

/**
 * How the machine itself reaches a server that listens on `host`, as the host of a URL. A name that may stand for
 * several addresses is taken at its word, except `localhost`, which terraform takes for no host of a registry.
 */
export function hostOfListener(host: string): string {
  const named = host.replace(/^\[(.*)\]$/, '$1');
  if (named === '' || named === '0.0.0.0' || named === 'localhost') return '127.0.0.1';
  if (named === '::') return '[::1]';
  return isIPv6(named) ? `[${named}]` : named;
}
