/** A chat on Socket.IO with its own rooms, WebSocket transport only: no token, no membership, nothing stored. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const BACKLOG = 4096;
let lastId = 0;

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  let room = null;
  socket.on('join', (name, acknowledge) => {
    room = name;
    socket.join(room);
    acknowledge('joined');
  });
  socket.on('message', ({ content }) => {
    io.to(room).emit('message', {
      type: 'message',
      id: (lastId += 1),
      room,
      user: 'user',
      content,
      created_at: new Date().toISOString(),
    });
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1', BACKLOG);
