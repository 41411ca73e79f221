import { setTimeout as pause } from 'node:timers/promises';
import { BackendFaults } from './backend-faults.js';
import type { Disk } from './disk.js';
import { faultsOf, firstRoundOf, type FaultStep } from './fault-plan.js';
import type { Options } from './options.js';
import type { Person } from './person.js';
import type { ProxiedConnection, Proxy } from './proxy.js';
import type { Random } from './random.js';
import type { ServerUnderTest } from './server.js';
import { LEASE_MS, type NodeUnderTest, type Site } from './site.js';
import type { World } from './world.js';

/** A full disk is left full until somebody has been refused, but not for ever. */
const FULL_AT_MOST_MS = 8_000;
const LOOK_MS = 30;
const TOLD_WITHIN_MS = 2_000;
/** Messages of 16 KB: more than the buffers of the system hold for a socket that is not read. */
const FLOOD = 400;
const SLOWEST_MS = 150;
/** A server that is struck dead right after an answer dies before {@link Nemesis} hears of it. */
const JUST_BEFORE_MS = 500;

interface Targets {
  readonly site: Site;
  readonly proxy: Proxy;
  readonly disk: Disk;
  readonly people: readonly Person[];
  /** The room that is flooded. */
  readonly loudRoom: number;
}

/** Breaks things, one after the other, until there were enough kills or the time is over. */
export class Nemesis {
  kills = 0;
  /** The fault that is going on. */
  current = 'none';
  private readonly backends: BackendFaults;

  constructor(
    private readonly world: World,
    private readonly targets: Targets,
    private readonly options: Options,
    private readonly random: Random,
  ) {
    this.backends = new BackendFaults(targets.site, world.history);
  }

  async run(): Promise<void> {
    const { kills, seconds = Infinity, faults } = this.options;
    const end = performance.now() + seconds * 1000;
    let done = 0;
    for (const step of faultsOf(this.random.fork('faults'), faults)) {
      const isComplete = done >= firstRoundOf(faults) && this.kills >= kills;
      if (isComplete || performance.now() > end || this.world.isOver) break;
      await pause(step.rest);
      await this.break(step);
      done += 1;
    }
    this.current = 'none';
  }

  /** Gives everything back as it was. */
  heal(): void {
    this.targets.disk.free();
    this.targets.site.heal();
    for (const connection of this.targets.proxy.all) connection.heal();
  }

  private async break(step: FaultStep): Promise<void> {
    const { kind, killAfter } = step;
    this.current = killAfter === undefined ? kind : `${kind}+kill`;
    this.world.tally.add(`fault ${this.current}`);
    await this.act(step);
    this.current = 'none';
  }

  private act(step: FaultStep): Promise<void> {
    switch (step.kind) {
      case 'kill':
        return this.killAt(step.killAt);
      case 'term':
        return this.term(step);
      case 'pause':
        return this.pauseServer(step);
      case 'full':
        return this.fullDisk(step);
      case 'lock':
        return this.lockDatabase(step);
      case 'stall':
        return this.stall(step);
      case 'halfopen':
        return this.onSockets(step, (socket) => socket.halfOpen());
      case 'cut':
        return this.onSockets(step, (socket) => socket.cut());
      case 'lostacks':
        return this.onSockets(step, (socket) => socket.loseAnswers(step.milliseconds));
      case 'storm':
        return this.onSockets({ ...step, share: 1 }, (socket) => socket.cut());
      case 'delay':
        return this.onSockets(step, (socket) => {
          socket.slowDown(this.random.integer(5, SLOWEST_MS), step.milliseconds);
        });
      case 'database':
        return this.databaseAway(step);
      case 'redis':
      case 'redis-stop':
      case 'redis-way':
      case 'redis-stall':
      case 'database-way':
      case 'database-stall':
        return this.backends.during(step.kind, this.oneNode(), () => pause(step.milliseconds));
    }
  }

  private oneNode(): NodeUnderTest {
    return this.random.pick(this.targets.site.nodes);
  }

  private get isAlone(): boolean {
    return this.targets.site.nodes.length === 1;
  }

  /** What a server has just told somebody is not forgotten, however soon it dies after that. */
  private async killAt(moment: FaultStep['killAt']): Promise<void> {
    const { proxy, site } = this.targets;
    let { server } = this.oneNode();
    if (moment !== 'once') {
      const told = new AbortController();
      const callOff = proxy.atNext(`"type":"${moment}"`, (port) => {
        server = site.servers.find((one) => one.port === port) ?? server;
        server.strike();
        told.abort();
      });
      await pause(TOLD_WITHIN_MS, undefined, { signal: told.signal }).catch(() => undefined);
      callOff();
      if (told.signal.aborted) this.world.tally.add(`kills right after ${moment}`);
    }
    await this.endByKill(server);
    // Sometimes the others find out that it is gone, sometimes it is back before they do.
    if (!this.isAlone && moment === 'once') await pause(2 * LEASE_MS);
    await server.start();
  }

  private async endByKill(server: ServerUnderTest): Promise<void> {
    const { history } = this.world;
    const from = history.now();
    await server.kill();
    // Between a commit and its envelope, too.
    if (!this.isAlone) history.partitioned(from - JUST_BEFORE_MS, history.now());
    this.kills += 1;
    this.world.tally.add('kills');
  }

  /** With one signal, all servers one after the other, as they are replaced by newer ones. */
  private async term({ secondAfter }: FaultStep): Promise<void> {
    if (secondAfter !== undefined) this.world.tally.add('second SIGTERM');
    const servers = secondAfter === undefined ? this.targets.site.servers : [this.oneNode().server];
    for (const server of servers) {
      await server.terminate(secondAfter);
      await server.start();
    }
  }

  /** Where there are others, for long enough to be taken for gone. */
  private async pauseServer({ milliseconds, killAfter }: FaultStep): Promise<void> {
    const { server } = this.oneNode();
    server.signal('SIGSTOP');
    await pause((killAfter ?? milliseconds) + (this.isAlone ? 0 : 2 * LEASE_MS));
    if (killAfter === undefined) {
      server.signal('SIGCONT');
      return;
    }
    await this.endByKill(server);
    await server.start();
  }

  /** Until writes really were refused, then for as long as planned. */
  private async fullDisk({ milliseconds, killAfter }: FaultStep): Promise<void> {
    const { disk } = this.targets;
    const refused = (): number => this.world.tally.of('refused: storage_unavailable');
    const before = refused();
    const latest = performance.now() + FULL_AT_MOST_MS;
    disk.fill();
    while (refused() === before && performance.now() < latest) await pause(LOOK_MS);
    await this.during(milliseconds, killAfter, () => disk.free());
    this.world.tally.add('writes refused during full disk', refused() - before);
  }

  private async lockDatabase({ milliseconds, killAfter }: FaultStep): Promise<void> {
    const release = await this.targets.site.storage.lock().catch((error: unknown) => {
      this.world.tally.add(`lock not got: ${String(error)}`);
      return undefined;
    });
    if (!release) return;
    const refused = (): number => this.world.tally.of('refused: storage_unavailable');
    const before = refused();
    await this.during(milliseconds, killAfter, release);
    this.world.tally.add('writes refused during lock', refused() - before);
  }

  /** For all nodes. */
  private async databaseAway({ milliseconds, killAfter }: FaultStep): Promise<void> {
    const mend = this.backends.cutDatabase();
    await this.during(milliseconds, killAfter, mend);
  }

  /** A server may be killed in the middle, and then has to start in it, or right after it. */
  private async during(
    milliseconds: number,
    killAfter: number | undefined,
    heal: () => void | Promise<void>,
  ): Promise<void> {
    if (killAfter === undefined) {
      await pause(milliseconds);
      return heal();
    }
    const { server } = this.oneNode();
    await pause(Math.min(killAfter, milliseconds));
    server.mayFailToStart = true;
    await this.endByKill(server);
    const started = server.start();
    await pause(milliseconds);
    await heal();
    await started;
    server.mayFailToStart = false;
  }

  /** Some do not read while their room is flooded with more than the buffers of the system hold. */
  private async stall({ milliseconds }: FaultStep): Promise<void> {
    const { people, proxy, loudRoom } = this.targets;
    const listeners = people
      .flatMap(({ devices }) => devices)
      .filter(({ rooms }) => rooms.includes(loudRoom));
    const names = listeners.map(({ name }) => name);
    const sockets = proxy.sockets.filter(({ device = '' }) => names.includes(device));
    const stalled = this.random.shuffled(sockets).slice(0, 2);
    for (const socket of stalled) socket.stall(milliseconds);
    const loud = listeners.filter(({ name }) => stalled.every(({ device }) => device !== name));
    for (const device of loud) device.flood(loudRoom, Math.ceil(FLOOD / loud.length));
    this.world.tally.add('sockets that were not read', stalled.length);
    await pause(milliseconds);
  }

  private async onSockets(
    { share, milliseconds }: FaultStep,
    act: (socket: ProxiedConnection) => void,
  ): Promise<void> {
    const sockets = this.random.shuffled(this.targets.proxy.sockets);
    for (const socket of sockets.slice(0, Math.max(1, Math.ceil(share * sockets.length)))) act(socket);
    this.world.tally.add('connections broken on purpose', Math.ceil(share * sockets.length));
    await pause(milliseconds);
  }
}
