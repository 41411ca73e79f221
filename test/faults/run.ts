import { setTimeout as pause } from 'node:timers/promises';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { check, type Verdict } from './checker.js';
import type { StoredRoom } from './check-log.js';
import type { Disk } from './disk.js';
import { integerIn } from './fields.js';
import { History } from './history.js';
import { Nemesis } from './nemesis.js';
import type { Options } from './options.js';
import { Person, type Account } from './person.js';
import { planOf } from './plan.js';
import { Proxy } from './proxy.js';
import { Random } from './random.js';
import { RestClient } from './rest.js';
import { checkPresence, headsOf, settle } from './settle.js';
import { Site } from './site.js';
import { Tally } from './tally.js';
import { Watch } from './watch.js';
import { World } from './world.js';

const CALM_MS = 2_000;
const PROGRESS_EVERY_MS = 5_000;

/** One run from the empty folder to the verdict. */
export class Run {
  readonly history = new History();
  readonly tally = new Tally();
  readonly calmAcks: number[] = [];
  private readonly random: Random;
  private site: Site | undefined;
  private world: World | undefined;
  private nemesis: Nemesis | undefined;
  private readonly from = performance.now();

  constructor(
    private readonly options: Options,
    private readonly disk: Disk,
  ) {
    this.random = new Random(options.seed);
  }

  /** For the exits that leave no time to wait. */
  abandon(): void {
    if (this.world) this.world.isOver = true;
    this.site?.strike();
  }

  /** @returns the name of the database, if it is to be kept and is not in the folder */
  async remove(keep: boolean): Promise<string | undefined> {
    return this.site?.remove(keep);
  }

  async execute(): Promise<Verdict> {
    const { history, tally, random, options } = this;
    const { folder } = this.disk;
    const site = await (options.nodes === 1
      ? Site.alone(folder, history, tally)
      : Site.ofNodes(options.nodes, folder, history, tally));
    this.site = site;
    await site.start();
    const { servers } = site;
    const proxy = await Proxy.before(servers.map(({ port }) => port));
    const world = new World(proxy.origin, history, tally, new RestClient(proxy.origin), this.calmAcks);
    this.world = world;
    const direct = new RestClient(site.first.origin);
    const moderator = await direct.signUp('moderator');
    await site.first.grant('moderator', 'ops');
    const plan = planOf(random.fork('plan'), options.clients);
    const rooms: number[] = [];
    for (let index = 0; index < plan.rooms; index += 1) {
      const room = await direct.must('POST', '/api/rooms', moderator.token, { name: `room ${index + 1}` });
      rooms.push(integerIn(room, 'id'));
    }
    const people: Person[] = [];
    for (const person of plan.people) {
      const account = await direct.signUp(person.name);
      people.push(new Person(world, account, person, rooms, random.fork(person.name)));
    }
    for (const { rooms: theirs, token } of people) {
      for (const room of theirs) await direct.must('POST', `/api/rooms/${room}/join`, token);
    }
    const watches = servers.map((server) => new Watch(server, moderator.token, history, tally));
    const progress = setInterval(() => this.tell(), PROGRESS_EVERY_MS);
    try {
      this.nemesis = new Nemesis(
        world,
        {
          site,
          proxy,
          disk: this.disk,
          people,
          loudRoom: rooms[plan.loudRoom] ?? 0,
        },
        options,
        random.fork('nemesis'),
      );
      await this.live(world, people, moderator);
      await settle(world, people, () => headsOf(direct, rooms, moderator.token));
      const counts = servers.map(({ origin }) => {
        return () => new RestClient(origin).must('GET', '/api/connections', moderator.token);
      });
      await checkPresence(world, people, counts);
      world.isOver = true;
      this.tell();
      const logs = await this.stored(direct, site, rooms, moderator);
      return this.judge(site, logs);
    } finally {
      world.isOver = true;
      clearInterval(progress);
      for (const watch of watches) watch.stop();
      for (const { devices } of people) for (const device of devices) device.reconnect();
      await proxy.close();
    }
  }

  /** Every event, one JSON object a line. */
  async save(file: string): Promise<void> {
    const out = createWriteStream(file);
    for (const line of this.history.lines()) if (!out.write(`${line}\n`)) await once(out, 'drain');
    out.end();
    await once(out, 'finish');
  }

  private async live(world: World, people: readonly Person[], moderator: Account): Promise<void> {
    const devices = people.flatMap((person) => person.devices);
    for (const device of devices) this.background(device.live());
    const writing = devices.map((device) => device.write());
    const roaming = people.map((person) => person.roam(moderator));
    await pause(CALM_MS);
    world.calm = true;
    await pause(CALM_MS);
    world.calm = false;
    await this.nemesis?.run();
    this.nemesis?.heal();
    await pause(CALM_MS);
    world.calm = true;
    await pause(CALM_MS);
    world.isProducing = false;
    await Promise.all([...writing, ...roaming]);
  }

  /** A client that breaks is a bug of this program, or of the server: never something to go on after. */
  private background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.history.fault(
        'malformed',
        `a client ended: ${error instanceof Error ? error.stack : String(error)}`,
      );
    });
  }

  /** The log over REST, then the database itself once the servers have ended. */
  private async stored(
    rest: RestClient,
    site: Site,
    rooms: readonly number[],
    { token }: Account,
  ): Promise<StoredRoom[]> {
    const overRest = new Map<number, Awaited<ReturnType<RestClient['log']>>>();
    for (const room of rooms) overRest.set(room, await rest.log(room, token));
    const heads = await headsOf(rest, rooms, token);
    await site.terminate();
    const headsInFile = await site.storage.heads();
    return Promise.all(
      rooms.map(async (room) => ({
        room,
        overRest: overRest.get(room) ?? [],
        inFile: await site.storage.log(room),
        headOverRest: heads.get(room) ?? 0,
        headInFile: headsInFile.get(room) ?? 0,
      })),
    );
  }

  private async judge({ storage }: Site, logs: readonly StoredRoom[]): Promise<Verdict> {
    const verdict = check(this.history, logs);
    for (const complaint of await storage.complaints()) verdict.findings.add('integrity', complaint);
    return verdict;
  }

  private tell(): void {
    const seconds = Math.round((performance.now() - this.from) / 1000);
    const { tally } = this;
    const kills = Number.isFinite(this.options.kills) ? ` of ${this.options.kills}` : '';
    const parts = [
      `${seconds} s`,
      `${tally.of('kills')}${kills} kills`,
      `${tally.of('messages')} sent`,
      `${this.history.acks.length} acks`,
      `${tally.of('seen live') + tally.of('seen by catch-up')} seen`,
      `${tally.of('most memory MB')} MB`,
      `fault: ${this.nemesis?.current ?? 'none'}`,
    ];
    if (this.history.faults.length > 0) parts.push(`FAULTS: ${this.history.faults.length}`);
    console.log(parts.join(', '));
  }
}
