import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { EntityManager } from 'typeorm';
import { User } from '../../src/users/user.entity.js';
import { openDatabase, type OpenDatabase } from '../support/open-database.js';
import { DATABASES } from '../support/test-database.js';

describe.each(DATABASES)('The write queue of %s', (name) => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openDatabase([TypeOrmModule.forFeature([User])], name);
  });
  beforeEach(async () => {
    await database.writes.run((manager) => manager.delete(User, { isActive: true }));
  });
  afterAll(() => database.remove());

  const add = (name: string) => (manager: EntityManager) =>
    manager.insert(User, {
      username: name,
      usernameKey: name,
      email: name,
      emailKey: name,
      passwordHash: 'none',
      isActive: true,
      role: 'user',
      createdAt: 0,
    });
  const names = async () => {
    const users = await database.reader.getRepository(User).find({ order: { id: 'ASC' } });
    return users.map(({ username }) => username);
  };

  it('runs jobs about the same one after the other, in the order in which they were given', async () => {
    const steps: string[] = [];
    const job = (name: string) => async (manager: EntityManager) => {
      steps.push(`${name} begins`);
      await manager.query('SELECT 1');
      await add(name)(manager);
      steps.push(`${name} ends`);
    };

    await Promise.all(['a', 'b', 'c'].map((name) => database.writes.alone({ room: 1 }, job(name))));

    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('keeps nothing of a job that fails, and everything of those around it', async () => {
    const failing = database.writes.run(async (manager) => {
      await add('half')(manager);
      throw new Error('on purpose');
    });
    const around = Promise.all(['before', 'after'].map((name) => database.writes.run(add(name))));

    await expect(failing).rejects.toThrow('on purpose');
    await around;
    expect((await names()).sort()).toEqual(['after', 'before']);
  });

  it('saves or reports every one of a hundred concurrent jobs, a third of which break a constraint', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        database.writes.run(async (manager) => {
          await add(`${index}`)(manager);
          if (index % 3 === 0) await add(`${index}`)(manager);
        }),
      ),
    );

    const saved = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [`${index}`] : []));
    expect(saved).toHaveLength(66);
    expect(new Set(await names())).toEqual(new Set(saved));
  });

  it('resolves after the commit: who reads then, on another connection, sees it', async () => {
    for (let round = 0; round < 50; round += 1) {
      await database.writes.run(add(`round ${round}`));
      expect(await database.reader.getRepository(User).countBy({ username: `round ${round}` })).toBe(1);
    }
  });

  it('finishes what it has when it closes, and takes no more', async () => {
    const own = await openDatabase([TypeOrmModule.forFeature([User])], name);
    const last = own.writes.run(add('last'));
    const closing = own.writes.close();
    const late = own.writes.run(add('late'));

    await expect(late).rejects.toMatchObject({ code: 'shutting_down' });
    await last;
    await closing;
    expect(await own.reader.getRepository(User).countBy({ username: 'last' })).toBe(1);
    await own.remove();
  });
});
