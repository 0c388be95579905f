import { ApiKeyEntity } from './api-keys/persistence/api-key.entity';
import { AuditEntryEntity } from './audit/persistence/audit-entry.entity';
import { DeploymentEntity } from './deployments/persistence/deployment.entity';
import { ExecutionEntity } from './deployments/persistence/execution.entity';
import { RunEntity } from './deployments/persistence/run.entity';
import { RunEventEntity } from './deployments/persistence/run-event.entity';
import { RunPlanEntity } from './deployments/persistence/run-plan.entity';
import { RunTransitionEntity } from './deployments/persistence/run-transition.entity';
import { NamespaceEntity } from './namespaces/persistence/namespace.entity';
import { ModuleDocumentEntity } from './modules/persistence/module-document.entity';
import { ModuleVersionEntity } from './modules/persistence/module-version.entity';
import { ModuleEntity } from './modules/persistence/module.entity';
import { BuildEventEntity } from './providers/persistence/build-event.entity';
import { BuildEntity } from './providers/persistence/build.entity';
import { ProviderPlatformEntity } from './providers/persistence/provider-platform.entity';
import { ProviderVersionEntity } from './providers/persistence/provider-version.entity';
import { ProviderEntity } from './providers/persistence/provider.entity';
import { StateLockEntity } from './state/persistence/state-lock.entity';
import { StateVersionEntity } from './state/persistence/state-version.entity';
import { SigningKeyEntity } from './signing/persistence/signing-key.entity';
import { DeploymentVariableEntity } from './variables/persistence/deployment-variable.entity';
import { VariableSetVariableEntity } from './variables/persistence/variable-set-variable.entity';
import { VariableSetEntity } from './variables/persistence/variable-set.entity';

/** All tables. An explicit list, like that of the migrations. */
export const ENTITIES = [
  NamespaceEntity,
  ApiKeyEntity,
  AuditEntryEntity,
  DeploymentEntity,
  RunEntity,
  RunTransitionEntity,
  RunEventEntity,
  ExecutionEntity,
  RunPlanEntity,
  ModuleEntity,
  ModuleVersionEntity,
  ModuleDocumentEntity,
  SigningKeyEntity,
  ProviderEntity,
  ProviderVersionEntity,
  ProviderPlatformEntity,
  BuildEntity,
  BuildEventEntity,
  StateVersionEntity,
  StateLockEntity,
  DeploymentVariableEntity,
  VariableSetEntity,
  VariableSetVariableEntity,
];
