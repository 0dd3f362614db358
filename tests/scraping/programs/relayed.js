// A WebSocket that is relayed: it says where it wants to go, swallows the answer, and is then like any other, so that
// clients that take a WebSocket class of their caller's need to know nothing of the relay.
const WebSocket = require('ws');

exports.relayed = (gateway, key) => class Relayed extends WebSocket {
  constructor(url, protocols, options) {
    super(gateway, protocols, options);
    this.hello = { apiKey: key, url: String(url) };
  }

  emit(name, ...rest) {
    if (name === 'open' && !this.asked) {
      this.asked = true;
      this.send(JSON.stringify(this.hello));
      return true;
    }
    if (name === 'message' && !this.joined) {
      const told = JSON.parse(rest[0].toString());
      if (told.type !== 'connected') throw new Error(told.message);
      this.joined = true;
      return super.emit('open');
    }
    return super.emit(name, ...rest);
  }
};
