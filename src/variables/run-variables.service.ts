import { Injectable } from '@nestjs/common';
import { type RunInput, runInputOf } from './domain/run-input';
import { bySetPrecedence, effectiveVariables } from './domain/variable-precedence';
import { DeploymentVariableRepository } from './persistence/deployment-variable.repository';
import { VariableSetRepository } from './persistence/variable-set.repository';
import { VariableSealer } from './variable-sealer.service';

/** What the variables of a deployment and of its namespace come to, at the moment it is asked. */
@Injectable()
export class RunVariables {
  constructor(
    private readonly own: DeploymentVariableRepository,
    private readonly sets: VariableSetRepository,
    private readonly sealer: VariableSealer,
  ) {}

  /**
   * @param givenNames of the environment that the run itself gives: those variables are not needed, nor the input
   * variables that `TF_VAR_…` among them stand for
   * @throws SecretUnreadableError
   */
  async resolve(deploymentId: string, namespaceId: string, givenNames: readonly string[]): Promise<RunInput> {
    const sets = bySetPrecedence(await this.sets.findAllOf(namespaceId));
    const variables = await this.sets.findVariables(sets.map(({ id }) => id));
    const levels = [...sets.map(({ id }) => variables.get(id) ?? []), await this.own.findOf(deploymentId)];
    return runInputOf(effectiveVariables(levels, givenNames).map((variable) => this.sealer.open(variable)));
  }
}
