export const PERMISSIONS = ['read', 'write', 'admin'] as const;
/** `read`: pull and look; `write`: also publish, run and approve; `admin`: also keys, namespaces, signing keys. */
export type Permission = (typeof PERMISSIONS)[number];

/** What a token of the platform's own making is good for, and nothing else is. */
export type TokenGrant =
  | { for: 'registry' }
  | {
      for: 'state';
      deploymentId: string;
      path: string;
      runId: string;
      /** `lock` holds `read`, `write` holds both. */
      may: 'read' | 'lock' | 'write';
    };

/** Who makes a request: the key in use. */
export interface Actor {
  keyId: string;
  /** Null for a platform key, which reaches every namespace. */
  namespaceId: string | null;
  permissions: Permission;
  /** When the key stops working; null: never. */
  expiresAt: string | null;
  /** As it is recorded: the key's name and prefix, such as `ci (plm_4fTz)`. */
  label: string;
  /** Absent for API keys. */
  grant?: TokenGrant;
}

/** True when a key with `held` may do what needs `needed`. */
export function permits(held: Permission, needed: Permission): boolean {
  return PERMISSIONS.indexOf(held) >= PERMISSIONS.indexOf(needed);
}
