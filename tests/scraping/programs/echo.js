// The relay's example for JavaScript as it is published, with its addresses, key and target from the command line.
const WebSocket = require('ws');

const [, , gateway, key, target] = process.argv;
const ws = new WebSocket(gateway);

ws.on('open', () => {
  ws.send(JSON.stringify({
    apiKey: key,
    url: target,
    geo: 'DE'
  }));
});

let connected = false;
ws.on('message', (raw) => {
  if (!connected) {
    const msg = JSON.parse(raw.toString());
    if (msg.type === 'connected') {
      console.log(`Connected via ${msg.node_id}`);
      connected = true;
      ws.send('hello from scraping api');
    } else if (msg.type === 'error') {
      console.error(`Error: ${msg.message}`);
    }
    return;
  }
  // After connected, frames are relayed transparently
  console.log('Received:', raw.toString());
});
