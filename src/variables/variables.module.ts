import { Module } from '@nestjs/common';
import { NamespacesModule } from '../namespaces';
import { StateModule } from '../state';
import { DeploymentVariablesController } from './deployment-variables.controller';
import { DeploymentVariables } from './deployment-variables.service';
import { DeploymentVariableRepository } from './persistence/deployment-variable.repository';
import { VariableSetRepository } from './persistence/variable-set.repository';
import { RunVariables } from './run-variables.service';
import { VariableSealer } from './variable-sealer.service';
import { VariableSetsController } from './variable-sets.controller';
import { VariableSets } from './variable-sets.service';

/** Variables of deployments, and sets of them for whole namespaces. */
@Module({
  imports: [NamespacesModule, StateModule],
  controllers: [DeploymentVariablesController, VariableSetsController],
  providers: [
    DeploymentVariables,
    VariableSets,
    RunVariables,
    VariableSealer,
    DeploymentVariableRepository,
    VariableSetRepository,
  ],
  exports: [RunVariables],
})
export class VariablesModule {}
