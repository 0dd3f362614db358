// Follows orders and prints each one's number; a gap is printed as such. Arguments: the built client, URL, key, how many.
const [, , folder, url, key, count] = process.argv;
const { Abp, Gap } = await import(`${folder}/dist/src/index.js`);

const stream = new Abp(url, key).stream({ channels: ["orders"], reconnects: { firstMs: 10, longestMs: 50 } });
await stream.ready();
console.log("ready");
let left = Number(count);
for await (const item of stream) {
  console.log(item instanceof Gap ? `gap: ${item.why}` : item.payload.orderId);
  if (--left === 0) break;
}
stream.close();
