import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule as NestConfigModule } from '@nestjs/config';
import type { Environment } from './env-reader.js';
import { parseSettings } from './parse-settings.js';
import { Settings } from './settings.js';

/**
 * Provides the validated {@link Settings} everywhere. Without `env` they come from `.env` below the
 * working directory and from the process environment, which wins; with `env` from exactly that.
 */
@Module({})
export class ConfigModule {
  static async forRoot(env?: Environment): Promise<DynamicModule> {
    let settings = env && parseSettings(env);
    const files = await NestConfigModule.forRoot({
      ignoreEnvFile: env !== undefined,
      validate: (merged: Record<string, string>) => {
        settings ??= parseSettings(merged);
        return {};
      },
    });
    return {
      module: ConfigModule,
      global: true,
      imports: [files],
      providers: [{ provide: Settings, useValue: settings }],
      exports: [Settings],
    };
  }
}
