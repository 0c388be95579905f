import { Inject, Injectable, Logger } from '@nestjs/common';
import { GIT_PORT, type GitPort } from './git.port';
import { type RemoteOwner, RemoteSecrets, type StoredRemote } from './remote-secrets';

/**
 * Takes away what is cached of a remote that nobody has any more. Nobody waits for it: the remote may be hanging in the
 * middle of a fetch, and what is asked of its successor has a cache of its own.
 */
@Injectable()
export class RemoteForgetting {
  private readonly logger = new Logger(RemoteForgetting.name);

  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly secrets: RemoteSecrets,
  ) {}

  /** @param stored null in `gitUrl`: there never was a remote */
  forget(owner: RemoteOwner, stored: Omit<StoredRemote, 'gitUrl'> & { gitUrl: string | null }): void {
    const { gitUrl } = stored;
    if (gitUrl === null) return;
    // Credentials that cannot be read any more are no reason to fail, either: the cache goes when it is full.
    void (async () => this.git.forget(this.secrets.remoteOf(owner, { ...stored, gitUrl })))().catch((error: unknown) =>
      this.logger.warn({
        event: 'mirror_not_forgotten',
        [`${owner}_id`]: stored.id,
        error: error instanceof Error ? error.message : String(error),
      }),
    );
  }
}
