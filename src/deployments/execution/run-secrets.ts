import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../crypto/secret-box';
import { type GitRemote, RemoteSecrets } from '../../git';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';

/** The secrets of deployments and runs: sealed on the way in, opened for the work alone. */
@Injectable()
export class RunSecrets {
  constructor(
    private readonly box: SecretBox,
    private readonly remotes: RemoteSecrets,
  ) {}

  sealEnvironment(runId: string, values: Record<string, string>): string {
    return this.box.seal(JSON.stringify(values), environmentContext(runId));
  }

  /** The sensitive part of a run's environment. @throws SecretUnreadableError */
  openEnvironment(run: RunEntity): Record<string, string> {
    if (run.sensitiveEnvVars === null) return {};
    return JSON.parse(this.box.open(run.sensitiveEnvVars, environmentContext(run.id))) as Record<string, string>;
  }

  /** The repository of a deployment with its credentials. @throws SecretUnreadableError */
  remoteOf(deployment: DeploymentEntity): GitRemote {
    return this.remotes.remoteOf('deployment', deployment);
  }

  /** Everything that must not appear in a log of this run. */
  valuesToMask(deployment: DeploymentEntity, run: RunEntity): string[] {
    const { credentials } = this.remoteOf(deployment);
    return [...Object.values(this.openEnvironment(run)), credentials.password, credentials.sshKey].filter(
      (value): value is string => value !== null && value !== '',
    );
  }
}

function environmentContext(runId: string): string {
  return `run:${runId}:sensitive_env_vars`;
}
