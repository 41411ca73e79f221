import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { HealthDto, ReadinessDto } from './health.dto.js';
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
  @ApiOkResponse({ type: ReadinessDto, description: 'Yes.' })
  @ApiProblems('shutting_down', 'storage_unavailable')
  async ready(): Promise<ReadinessDto> {
    await this.health.checkReady();
    return { status: 'ok', broker: this.health.hearsOthers ? 'whole' : 'away' };
  }
}
