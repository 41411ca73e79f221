import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { HealthDto } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Public()
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Whether the process answers',
    description: 'Touches nothing else.',
  })
  @ApiOkResponse({ type: HealthDto, description: 'Yes.' })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Whether to send clients here',
    description: 'The database takes writes, and the server is not shutting down.',
  })
  @ApiOkResponse({ type: HealthDto, description: 'Yes.' })
  @ApiProblems('shutting_down', 'storage_unavailable')
  async ready(): Promise<HealthDto> {
    await this.health.checkReady();
    return { status: 'ok' };
  }
}
