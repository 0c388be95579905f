import { Injectable } from '@nestjs/common';
import { SecretBox } from '../crypto/secret-box';
import type { GitRemote } from './git.port';

/** What has a Git repository of its own. */
export type RemoteOwner = 'deployment' | 'module' | 'provider';
export type RemoteSecretField = 'git_password' | 'git_ssh_key';

/** A remote as it is stored: the secrets are sealed. */
export interface StoredRemote {
  id: string;
  gitUrl: string;
  gitUsername: string | null;
  gitPassword: string | null;
  gitSshKey: string | null;
}

/** The Git credentials of deployments, modules and providers: sealed on the way in, opened for the work alone. */
@Injectable()
export class RemoteSecrets {
  constructor(private readonly box: SecretBox) {}

  /** Seals what was given; what is absent or null passes through. */
  seal<T extends string | null | undefined>(
    owner: RemoteOwner,
    id: string,
    field: RemoteSecretField,
    value: T,
  ): T | string {
    return typeof value === 'string' ? this.box.seal(value, contextOf(owner, id, field)) : value;
  }

  /** @throws SecretUnreadableError */
  remoteOf(owner: RemoteOwner, stored: StoredRemote): GitRemote {
    const open = (field: RemoteSecretField, sealed: string | null): string | null =>
      sealed === null ? null : this.box.open(sealed, contextOf(owner, stored.id, field));
    return {
      url: stored.gitUrl,
      credentials: {
        username: stored.gitUsername,
        password: open('git_password', stored.gitPassword),
        sshKey: open('git_ssh_key', stored.gitSshKey),
      },
    };
  }
}

function contextOf(owner: RemoteOwner, id: string, field: RemoteSecretField): string {
  return `${owner}:${id}:${field}`;
}
