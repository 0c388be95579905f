import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller';
import { AuditService } from './audit.service';
import { AuditTrailService } from './audit-trail.service';
import { AuditEntryRepository } from './persistence/audit-entry.repository';

/** The audit trail. Every room may record. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditService, AuditTrailService, AuditEntryRepository],
  exports: [AuditService],
})
export class AuditModule {}
