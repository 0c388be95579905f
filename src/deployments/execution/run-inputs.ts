import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isBackendVariable } from '../../common/environment/environment-policy';
import { SecretPatterns } from '../../common/secrets/secret-patterns';
import { DerivedKeys } from '../../crypto/derived-keys';
import { SecretBox } from '../../crypto/secret-box';
import { RunVariables } from '../../variables';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';
import { RunRegistryAccess } from './run-registry-access';
import { RunSecrets } from './run-secrets';
import { RunStateAccess } from './run-state-access';
import type { RunWorkspace } from './run-workspace';

/** What the tool is given by people, and what of it must not be seen. */
export interface Inputs {
  environment: Record<string, string>;
  /** Text of the var-file of the deployment's variables; null when it has none. */
  varFile: string | null;
  patterns: SecretPatterns;
}

/**
 * Brings together what a command gets: variables of the namespace and of the deployment, then what the run itself gives.
 * Variables may change while a run lasts, and its plan still holds the old values: so what a run was given once is
 * masked to its end. The list of that is encrypted, in the run's directory.
 */
@Injectable()
export class RunInputs {
  private readonly key: Buffer;

  constructor(
    private readonly variables: RunVariables,
    private readonly secrets: RunSecrets,
    private readonly registry: RunRegistryAccess,
    private readonly stateAccess: RunStateAccess,
    private readonly box: SecretBox,
    keys: DerivedKeys,
  ) {
    this.key = keys.for('environments of plans');
  }

  /** As they are now. @throws SecretUnreadableError */
  async read(run: RunEntity, deployment: DeploymentEntity, workspace: RunWorkspace): Promise<Inputs> {
    return (await this.gather(run, deployment, workspace)).inputs;
  }

  /** As they are now, for a command that is about to start: they are masked from here on. @throws SecretUnreadableError */
  async take(run: RunEntity, deployment: DeploymentEntity, workspace: RunWorkspace): Promise<Inputs> {
    const { inputs, secrets } = await this.gather(run, deployment, workspace);
    if (secrets.length > 0) {
      await workspace.writeSecretsRecord(this.box.seal(JSON.stringify(secrets), recordContext(run.id)));
    }
    return inputs;
  }

  /**
   * What tells an environment from another one without showing it: a mark of the value by name. The mark of no name is
   * that of the key: marks of another key tell nothing.
   */
  fingerprintOf(environment: Record<string, string>): Record<string, string> {
    const markOf = (name: string, value: string): string =>
      createHmac('sha256', this.key).update(`${name}=${value}`).digest('base64url').slice(0, 22);
    const marks = Object.entries(environment).map(([name, value]) => [name, markOf(name, value)] as const);
    return Object.fromEntries([['', markOf('', '')], ...marks]);
  }

  private async gather(
    run: RunEntity,
    deployment: DeploymentEntity,
    workspace: RunWorkspace,
  ): Promise<{ inputs: Inputs; secrets: string[] }> {
    const given = { ...run.envVars, ...this.secrets.openEnvironment(run) };
    const resolved = await this.variables.resolve(deployment.id, deployment.namespaceId, Object.keys(given));
    const record = await workspace.readSecretsRecord();
    const earlier = record === null ? [] : (JSON.parse(this.box.open(record, recordContext(run.id))) as string[]);
    const secrets = [...new Set([...earlier, ...resolved.secrets])];
    return {
      inputs: {
        environment: environmentFor(deployment, { ...resolved.environment, ...given }),
        varFile: resolved.varFile,
        patterns: new SecretPatterns([
          ...this.secrets.valuesToMask(deployment, run),
          this.registry.tokenOf(run.id),
          ...this.stateAccess.tokensOf(run),
          ...secrets,
        ]),
      },
      secrets,
    };
  }
}

/**
 * Of variables that belong to a backend of the configuration's own, such as those of a set, nothing reaches a run whose
 * state the platform keeps: also none that it does not set itself, such as TF_HTTP_SKIP_CERT_VERIFICATION.
 */
function environmentFor({ stateBackend }: DeploymentEntity, given: Record<string, string>): Record<string, string> {
  if (stateBackend !== 'managed') return given;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !isBackendVariable(name)));
}

function recordContext(runId: string): string {
  return `run:${runId}:masked`;
}
