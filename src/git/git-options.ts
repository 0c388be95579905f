import type { HostLookup } from './blocked-networks';

/** What the Git adapter is told when it is made. */
export interface GitOptions {
  /** Of `https`, `ssh`, `http`, `file`. */
  allowedSchemes: string[];
  /** CIDR list of networks that no remote may lie in. */
  blockedNetworks: string[];
  /** For one whole operation, all tries included. */
  timeoutSeconds: number;
  /** For one clone, and for all cached mirrors together. */
  maxBytes: number;
  /** Absolute; holds the mirrors, the known ssh hosts and the helper scripts. Not to be shared with other programs. */
  cacheDir: string;
  /** Absolute; the home directory git sees, kept empty. */
  homeDir: string;
  /** The server's own environment: PATH, proxies and certificates are taken from it, nothing else. */
  environment: NodeJS.ProcessEnv;
  /** Gives up on a server that sends less than 1000 bytes a second for so long; default 30. */
  stallSeconds?: number;
  /** Mirrors kept at most; default 200. */
  maxMirrors?: number;
  /** Looks host names up; default: the system's resolver. */
  lookupHost?: HostLookup;
}
