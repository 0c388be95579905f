import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../crypto/secret-box';
import type { GitRemote } from '../../git';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';

type DeploymentSecret = 'git_password' | 'git_ssh_key';

/** The secrets of deployments and runs: sealed on the way in, opened for the work alone. */
@Injectable()
export class RunSecrets {
  constructor(private readonly box: SecretBox) {}

  sealForDeployment(id: string, field: DeploymentSecret, value: string): string {
    return this.box.seal(value, `deployment:${id}:${field}`);
  }

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
    const open = (field: DeploymentSecret, sealed: string | null): string | null =>
      sealed === null ? null : this.box.open(sealed, `deployment:${deployment.id}:${field}`);
    return {
      url: deployment.gitUrl,
      credentials: {
        username: deployment.gitUsername,
        password: open('git_password', deployment.gitPassword),
        sshKey: open('git_ssh_key', deployment.gitSshKey),
      },
    };
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
