import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, OPTIONAL_JSON, OPTIONAL_TEXT, TEXT, TIME, optionalVarchar, varchar } from '../../database/columns';
import type { ApprovalPolicy } from '../domain/approval-policy';
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

  /** Null: `DEFAULT_APPROVAL_POLICY`. */
  @Column(OPTIONAL_JSON)
  approval!: ApprovalPolicy | null;

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
