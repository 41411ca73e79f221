import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditController } from './audit.controller.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AuditLog } from './audit-log.js';
import { SecurityLog } from './security-log.js';

/** What is written down of who did what: for the people who run the server, and for those who watch it. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([AuditEntry])],
  controllers: [AuditController],
  providers: [AuditLog, SecurityLog],
  exports: [AuditLog, SecurityLog],
})
export class AuditModule {}
