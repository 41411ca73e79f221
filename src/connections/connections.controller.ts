import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequiresCapability } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { ConnectionsDto, ConnectionsQuery } from './connections.dto.js';
import { ConnectionsService } from './connections.service.js';

@ApiTags('operations')
@Controller('api/connections')
export class ConnectionsController {
  constructor(private readonly connections: ConnectionsService) {}

  @Get()
  @RequiresCapability('see_connections')
  @ApiOperation({
    operationId: 'listConnections',
    summary: 'See the open sockets',
    description: 'For users with the role `ops` or `admin`.',
  })
  @ApiOkResponse({ type: ConnectionsDto, description: 'The counters, and one page of sockets.' })
  @ApiProblems('not_authenticated', 'forbidden', 'invalid_input')
  list(@Query() query: ConnectionsQuery): Promise<ConnectionsDto> {
    return this.connections.overview(query);
  }
}
