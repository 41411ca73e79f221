/**
 * The chat that Nest's and TypeORM's own pages lead to: a gateway on platform-ws, `save()` for each message, a
 * `JSON.stringify` for each client. SQLite in WAL, with the driver's own `synchronous=NORMAL`. No token, no membership.
 */
import 'reflect-metadata';
import { Body, Controller, Get, Injectable, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayDisconnect,
} from '@nestjs/websockets';
import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, Repository } from 'typeorm';

const PAGE = 50;
const OPEN = 1;

/** A socket of `ws`, and the room it has joined. */
interface Client {
  readonly readyState: number;
  room?: string;
  send(text: string): void;
}

@Entity()
class Message {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @Column('text')
  room!: string;

  @Column('text')
  user!: string;

  @Column('text')
  content!: string;

  @CreateDateColumn()
  createdAt!: Date;
}

@Injectable()
class ChatService {
  constructor(@InjectRepository(Message) private readonly messages: Repository<Message>) {}

  save(room: string, user: string, content: string): Promise<Message> {
    return this.messages.save(this.messages.create({ room, user, content }));
  }

  list(room: string): Promise<Message[]> {
    return this.messages.find({ where: { room }, order: { id: 'DESC' }, take: PAGE });
  }
}

@WebSocketGateway({ path: '/ws' })
class ChatGateway implements OnGatewayDisconnect<Client> {
  private readonly rooms = new Map<string, Set<Client>>();

  constructor(private readonly chat: ChatService) {}

  handleDisconnect(client: Client): void {
    if (client.room !== undefined) this.rooms.get(client.room)?.delete(client);
  }

  @SubscribeMessage('join')
  join(@ConnectedSocket() client: Client, @MessageBody() { room }: { room: string }) {
    client.room = room;
    const members = this.rooms.get(room) ?? new Set();
    this.rooms.set(room, members.add(client));
    return { event: 'joined', data: { room } };
  }

  @SubscribeMessage('message')
  async message(@ConnectedSocket() client: Client, @MessageBody() { content }: { content: string }) {
    const room = client.room ?? '';
    const saved = await this.chat.save(room, 'anonymous', content);
    for (const member of this.rooms.get(room) ?? []) {
      if (member.readyState === OPEN) member.send(JSON.stringify({ event: 'message', data: saved }));
    }
  }
}

@Controller('api/rooms/:id/messages')
class ChatController {
  constructor(private readonly chat: ChatService) {}

  @Get()
  list(@Param('id') id: string): Promise<Message[]> {
    return this.chat.list(id);
  }

  @Post()
  add(@Param('id') id: string, @Body() { content }: { content: string }): Promise<Message> {
    return this.chat.save(id, 'user', content);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: process.env.DB ?? 'nest.db',
      entities: [Message],
      synchronize: true,
      enableWAL: true,
    }),
    TypeOrmModule.forFeature([Message]),
  ],
  controllers: [ChatController],
  providers: [ChatService, ChatGateway],
})
class ChatModule {}

const app = await NestFactory.create(ChatModule, { logger: ['error'] });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(Number(process.env.PORT), '127.0.0.1');
