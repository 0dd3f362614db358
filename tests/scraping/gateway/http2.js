// A target that speaks HTTP/2 alone: node http2.js CHAIN KEY. Prints its port, then answers with the version it was asked in.
const fs = require("node:fs");
const http2 = require("node:http2");

const [chain, key] = process.argv.slice(2);
const server = http2.createSecureServer({ cert: fs.readFileSync(chain), key: fs.readFileSync(key), allowHTTP1: false });
server.on("stream", (stream) => {
  stream.respond({ ":status": 200 });
  stream.end(`HTTP/2 ${stream.session.alpnProtocol}`);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
