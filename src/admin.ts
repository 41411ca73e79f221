import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { AuditLog, type Actor } from './audit/audit-log.js';
import { AuditModule } from './audit/audit.module.js';
import { ConfigModule } from './config/config.module.js';
import { ConfigurationError } from './config/env-reader.js';
import { rotateKey } from './config/secret-key.js';
import { Settings, type DatabaseLocation } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { WriteQueue } from './database/write-queue.js';
import { ROLES, type Role } from './identity/authenticated-user.js';
import { checkOf } from './protocol/fields.js';
import { CreateUserDto } from './users/users.dto.js';
import { UsersModule } from './users/users.module.js';
import { UsersService } from './users/users.service.js';

const USAGE = `Usage: npm run admin -- grant USERNAME ${ROLES.join('|')}
       npm run admin -- rotate-key

grant gives a user a role, and makes the user where none exists. rotate-key puts a new key for tokens before the one in
the file beside the database; the server signs with it from its next start on, and still believes the old ones.
Both work on DATABASE_URL, with the server running or not.`;

/** What the command line needs of the application: no HTTP and no sockets. */
@Module({ imports: [DatabaseModule, AuditModule, UsersModule] })
class AdminModule {}

class UsageError extends Error {}

type Command =
  | { readonly verb: 'grant'; readonly username: string; readonly role: Role }
  | { readonly verb: 'rotate-key' };

function parse([verb, username, role, ...more]: string[]): Command | undefined {
  if (verb === 'rotate-key' && username === undefined) return { verb };
  const known = ROLES.find((candidate) => candidate === role);
  const isGrant = verb === 'grant' && more.length === 0;
  return isGrant && username && known ? { verb, username, role: known } : undefined;
}

/** Whoever may run commands on this machine needs no account: the audit log has the name of theirs. */
function terminal(): Actor {
  const { username } = userInfo();
  return { id: null, username, origin: { address: 'command line', userAgent: '', requestId: randomUUID() } };
}

/** @returns what to tell the person at the terminal */
async function grant(users: UsersService, username: string, role: Role): Promise<string> {
  const existing = await users.findByUsername(username);
  if (existing) {
    await users.setRole(terminal(), existing.id, role);
    return `${existing.username} has the role ${role}.`;
  }
  const password = randomBytes(18).toString('base64url');
  // Nobody reads mail there (RFC 2606, 2); an address is unique, so it is made up.
  const email = `${randomBytes(8).toString('hex')}@localhost.invalid`;
  const account = { username, email, password };
  const wrong = checkOf(CreateUserDto)(account);
  if (wrong) throw new UsageError(`${wrong.message}.`);
  await users.create(account, role);
  return `${username} is new and has the role ${role}. The password, shown only here: ${password}`;
}

/** @returns the keys from before, and what to tell the person at the terminal */
function rotate({ secretFile, algorithm }: Settings): { kept: number; told: string } {
  if (secretFile === undefined) {
    throw new UsageError('SECRET_KEY is set: give it a new value, and the old one to SECRET_KEYS_OLD.');
  }
  const kept = rotateKey(secretFile, algorithm).length - 1;
  const told = `${secretFile} has a new key, and ${kept} from before. Restart the server to sign with it.`;
  return { kept, told };
}

async function use<T>(module: DynamicModule, work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  const app = await NestFactory.createApplicationContext(module, {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** A key is rotated with the database locked, broken or gone: then there is nothing to write it down in. */
async function recordRotation(
  module: DynamicModule,
  database: DatabaseLocation,
  kept: number,
): Promise<void> {
  try {
    if (database.kind === 'sqlite' && !existsSync(database.file)) throw new Error('there is no database');
    const deed = { action: 'key_rotated', facts: { kept } } as const;
    await use(module, (app) =>
      app.get(WriteQueue).run((manager) => app.get(AuditLog).record(manager, terminal(), deed)),
    );
  } catch (error) {
    console.error(`It is not in the audit log: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function run(command: Command): Promise<string> {
  const config = await ConfigModule.forRoot();
  const module = { module: AdminModule, imports: [config] };
  if (command.verb === 'grant') {
    return use(module, (app) => grant(app.get(UsersService), command.username, command.role));
  }
  const settings = await use(config, async (app) => app.get(Settings));
  const { kept, told } = rotate(settings);
  await recordRotation(module, settings.database, kept);
  return told;
}

async function main(): Promise<void> {
  const command = parse(process.argv.slice(2));
  if (!command) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  console.log(await run(command));
}

main().catch((error: unknown) => {
  const isUnderstood = error instanceof ConfigurationError || error instanceof UsageError;
  console.error(isUnderstood ? error.message : error);
  process.exitCode = 1;
});
