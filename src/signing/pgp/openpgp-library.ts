import type * as OpenPgp from 'openpgp';

export type OpenPgpLibrary = typeof OpenPgp;

let loading: Promise<OpenPgpLibrary> | undefined;

/**
 * The library `openpgp`, loaded on first use: it is large, and most starts of the server sign nothing.
 * Its settings belong to the whole process; only this folder uses it.
 */
export function openPgp(): Promise<OpenPgpLibrary> {
  loading ??= import('openpgp').then((library) => {
    // A key says itself how much memory and time Argon2 takes to open it, up to gigabytes and minutes: not opened.
    library.config.maxArgon2MemoryExponent = 0;
    return library;
  });
  return loading;
}
