// A Socket.IO server, and its client through a relay.
const http = require('http');
const { Server } = require('socket.io');
const { relayed } = require('./relayed.js');

const [, , gateway, key] = process.argv;
const server = http.createServer();
new Server(server).on('connection', (socket) => {
  socket.on('price', (odds, answer) => answer({ odds, bytes: Buffer.from([1, 2, 255]) }));
});
server.listen(0, '127.0.0.1', () => {
  // engine.io's client takes the class of its WebSockets from `ws`.
  const module = require.resolve('ws');
  require.cache[module].exports = Object.assign(relayed(gateway, key), { WebSocket: relayed(gateway, key) });
  const { io } = require('socket.io-client');
  const socket = io(`http://127.0.0.1:${server.address().port}`, { transports: ['websocket'] });
  socket.on('connect_error', (error) => console.log(`Error: ${error.message}`));
  socket.emit('price', '1.95', (told) => console.log(`${told.odds} ${told.bytes.toString('hex')}`));
});
