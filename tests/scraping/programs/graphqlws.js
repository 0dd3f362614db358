// A graphql-ws server, and its client through a relay.
const { buildSchema } = require('graphql');
const { createClient } = require('graphql-ws');
const { useServer } = require('graphql-ws/use/ws');
const { WebSocketServer } = require('ws');
const { relayed } = require('./relayed.js');

const [, , gateway, key] = process.argv;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
const schema = buildSchema('type Query { a: Int } type Subscription { price: String }');
async function* price() {
  for (const odds of ['1.91', '1.95']) yield { price: odds };
}
useServer({ schema, roots: { subscription: { price } } }, server);
server.on('listening', () => {
  const client = createClient({
    url: `ws://127.0.0.1:${server.address().port}`,
    webSocketImpl: relayed(gateway, key),
    retryAttempts: 0,
  });
  client.subscribe({ query: 'subscription { price }' }, {
    next: (told) => console.log(told.data.price),
    error: (error) => console.log(`Error: ${error.message || JSON.stringify(error)}`),
    complete: () => console.log('complete'),
  });
});
