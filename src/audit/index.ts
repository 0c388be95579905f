export { AuditModule } from './audit.module';
export { type AuditEvent, AuditService } from './audit.service';
