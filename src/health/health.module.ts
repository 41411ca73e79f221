import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

@Module({ imports: [ConnectionsModule], controllers: [HealthController], providers: [HealthService] })
export class HealthModule {}
