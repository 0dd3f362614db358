// Sends frames through a relay and prints what comes back. Arguments: the built client, URL, key, target.
const [, , folder, url, key, target] = process.argv;
const { Scraping, StreamEndedError } = await import(`${folder}/dist/src/index.js`);

const scraping = new Scraping(url, key);
const relay = await scraping.relay({ url: target }).ready();
console.log(relay.nodeId);
relay.send("text");
relay.send(Buffer.from([0, 255]));
console.log((await relay.next()).value, (await relay.next()).value);
relay.close();
console.log((await relay.next()).done);
for (const where of [`${target}/bye`, "ws://127.0.0.1:9/"]) {
  try {
    const other = await scraping.relay({ url: where }).ready();
    await other.next();
  } catch (error) {
    console.log(error instanceof StreamEndedError, error.code, error.text);
  }
}
const got = await scraping.fetch(process.argv[6], { method: "POST", body: '{"body": "as it is"}' });
console.log(got.meta.status, got.raw_json.body, (await scraping.usage()).by_protocol.fetch);
