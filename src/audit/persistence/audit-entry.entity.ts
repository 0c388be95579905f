import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ID, JSON_TEXT, OPTIONAL_ID, TIME, optionalVarchar, varchar } from '../../database/columns';

/** One thing somebody did. Written once, never changed. */
@Entity('audit_entries')
@Index('ix_audit_entries_at', ['at', 'id'])
export class AuditEntryEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_audit_entries' })
  id!: string;

  @Column(TIME)
  at!: string;

  @Column(varchar(160))
  actor!: string;

  @Column(varchar(64))
  action!: string;

  @Column({ name: 'target_type', ...varchar(32) })
  targetType!: string;

  @Column({ name: 'target_id', ...varchar(64) })
  targetId!: string;

  @Column({ name: 'namespace_id', ...OPTIONAL_ID })
  namespaceId!: string | null;

  @Column(JSON_TEXT)
  details!: Record<string, unknown>;

  @Column({ name: 'request_id', ...optionalVarchar(128) })
  requestId!: string | null;
}
