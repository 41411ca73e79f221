import { Column, Entity, Index } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';
import { EMAIL_MAX, USERNAME_MAX } from '../protocol/limits.js';
import type { Role } from '../identity/authenticated-user.js';

@Entity('users')
export class User {
  @GeneratedId()
  id: number;

  @Column({ type: 'varchar', length: USERNAME_MAX })
  username: string;

  /** The username as it is compared: see `foldName`. */
  @Index('users_username_key', { unique: true })
  @Column({ name: 'username_key', type: 'varchar', length: USERNAME_MAX * 4 })
  usernameKey: string;

  @Column({ type: 'varchar', length: EMAIL_MAX })
  email: string;

  @Index('users_email_key', { unique: true })
  @Column({ name: 'email_key', type: 'varchar', length: EMAIL_MAX * 4 })
  emailKey: string;

  @Column({ name: 'password_hash', type: 'varchar', length: 100 })
  passwordHash: string;

  @Column({ name: 'is_active', type: 'boolean' })
  isActive: boolean;

  @Column({ type: 'varchar', length: 16, default: 'user' })
  role: Role;

  @TimeColumn({ name: 'created_at' })
  createdAt: number;
}
