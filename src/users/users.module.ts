import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CommonPasswords } from './common-passwords.js';
import { HashThreads } from './hash-threads.js';
import { PasswordHasher } from './password-hasher.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User])],
  controllers: [UsersController],
  providers: [CommonPasswords, HashThreads, PasswordHasher, UsersService],
  exports: [UsersService],
})
export class UsersModule {}
