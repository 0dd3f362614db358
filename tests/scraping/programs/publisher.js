// Publishes to RabbitMQ with amqplib as its standard input says, one JSON object a line; answers each with a line.
const amqp = require('amqplib');
const readline = require('readline');

async function fate(connection, queue) {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  try {
    await channel.checkQueue(queue);
    return 200;
  } catch (error) {
    return error.code;
  }
}

(async () => {
  const connection = await amqp.connect(`amqp://127.0.0.1:${process.argv[2]}`);
  const channel = await connection.createConfirmChannel();
  // Made only here: lines that come before somebody waits for them are lost.
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    let answer = null;
    if (told.exchange) await channel.assertExchange(told.exchange, 'topic', { durable: false });
    if (told.queue) answer = await fate(connection, told.queue);
    for (let left = told.count || 0; left > 0; left -= 1) {
      const body = Buffer.from(told.body, 'base64');
      channel.publish(told.to, told.key, body, { contentType: told.type });
    }
    await channel.waitForConfirms();
    console.log(JSON.stringify(answer));
  }
  await connection.close();
})();
