import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { iso } from '../database/columns.js';
import { RequiresCapability } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { AuditLog } from './audit-log.js';
import { AuditEntryDto, AuditQuery } from './audit.dto.js';
import { factsIn } from './facts.parser.js';

@ApiTags('operations')
@Controller('api/audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Get()
  @RequiresCapability('read_audit')
  @ApiOperation({
    operationId: 'listAudit',
    summary: 'See who did what to whom',
    description: 'For users with the role `admin`. Newest first. Entries are never changed or deleted.',
  })
  @ApiOkResponse({ type: [AuditEntryDto], description: 'One page of entries.' })
  @ApiProblems('not_authenticated', 'forbidden', 'invalid_input')
  async list(@Query() query: AuditQuery): Promise<AuditEntryDto[]> {
    return (await this.log.page(query)).map(toDto);
  }
}

function toDto(entry: AuditEntry): AuditEntryDto {
  return {
    id: entry.id,
    happened_at: iso(entry.happenedAt),
    actor_id: entry.actorId,
    actor_name: entry.actorName,
    action: entry.action,
    user_id: entry.userId,
    room_id: entry.roomId,
    facts: factsIn(entry.facts),
    request_id: entry.requestId,
    address: entry.address,
  };
}
