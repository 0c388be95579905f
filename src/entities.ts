import { ApiKeyEntity } from './api-keys/persistence/api-key.entity';
import { AuditEntryEntity } from './audit/persistence/audit-entry.entity';
import { DeploymentEntity } from './deployments/persistence/deployment.entity';
import { ExecutionEntity } from './deployments/persistence/execution.entity';
import { RunEntity } from './deployments/persistence/run.entity';
import { RunEventEntity } from './deployments/persistence/run-event.entity';
import { RunPlanEntity } from './deployments/persistence/run-plan.entity';
import { RunTransitionEntity } from './deployments/persistence/run-transition.entity';
import { NamespaceEntity } from './namespaces/persistence/namespace.entity';

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
];
