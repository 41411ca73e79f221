import { ApiProperty } from '@nestjs/swagger';

export class HealthDto {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}

export class ReadinessDto extends HealthDto {
  @ApiProperty({
    enum: ['whole', 'away'],
    description:
      'Whether this server hears at once what is said on others. While it does not, it looks into the database twice a second.',
  })
  broker: 'whole' | 'away';
}
