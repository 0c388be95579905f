import type { AuditEvent } from '../audit';
import type { Actor } from '../common/access/actor';
import type { DeploymentEntity } from './persistence/deployment.entity';

/** What somebody did with a run, for the audit trail. */
export function runEvent(
  actor: Pick<Actor, 'label'>,
  action: string,
  deployment: DeploymentEntity,
  runId: string,
  details: Record<string, unknown>,
): AuditEvent {
  return {
    actor: actor.label,
    action,
    targetType: 'run',
    targetId: runId,
    namespaceId: deployment.namespaceId,
    details: { deployment: deployment.name, ...details },
  };
}
