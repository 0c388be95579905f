import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, INTEGER, JSON_TEXT, OPTIONAL_TEXT, TEXT, TIME, optionalVarchar, varchar } from '../../database/columns';
import type { ApprovalRule } from '../domain/approval-policy';
import type { StateBackend } from '../domain/deployment-rules';
import type { RunnerTool } from '../../../runner/protocol/runner-protocol';

@Entity('deployments')
@Index('uq_deployments_namespace_name', ['namespaceId', 'name'], { unique: true })
@Index('ix_deployments_created', ['createdAt', 'id'])
export class DeploymentEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_deployments' })
  id!: string;

  @ForeignKey('NamespaceEntity', { name: 'fk_deployments_namespace', onDelete: 'NO ACTION' })
  @Column({ name: 'namespace_id', ...ID })
  namespaceId!: string;

  @Column(varchar(128))
  name!: string;

  @Column(TEXT)
  description!: string;

  @Column({ name: 'git_url', ...TEXT })
  gitUrl!: string;

  @Column({ name: 'default_ref', ...optionalVarchar(255) })
  defaultRef!: string | null;

  @Column({ name: 'working_directory', ...TEXT })
  workingDirectory!: string;

  @Column(varchar(16))
  tool!: RunnerTool;

  @Column({ name: 'tool_version', ...optionalVarchar(64) })
  toolVersion!: string | null;

  @Column({ name: 'auto_approve', type: 'boolean' })
  autoApprove!: boolean;

  /** Of the approval policy. The queue reads these two of many deployments at once; the rules may be long. */
  @Column({ name: 'approval_required', ...INTEGER, default: 1 })
  approvalRequired!: number;

  @Column({ name: 'approval_not_by_requester', type: 'boolean', default: false })
  approvalNotByRequester!: boolean;

  @Column({ name: 'approval_rules', ...JSON_TEXT, default: '[]' })
  approvalRules!: ApprovalRule[];

  /** Who keeps the state: the platform, or the backend of the configuration. */
  @Column({ name: 'state_backend', ...varchar(16), default: 'none' })
  stateBackend!: StateBackend;

  @Column({ name: 'git_username', ...OPTIONAL_TEXT })
  gitUsername!: string | null;

  /** Encrypted. */
  @Column({ name: 'git_password', ...OPTIONAL_TEXT })
  gitPassword!: string | null;

  /** Encrypted. */
  @Column({ name: 'git_ssh_key', ...OPTIONAL_TEXT })
  gitSshKey!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'updated_at', ...TIME })
  updatedAt!: string;
}
