// Places an order and prints what was told. Arguments: the built client, URL, key, fixture, price.
const [, , folder, url, key, fixtureId, price] = process.argv;
const { Abp, Decimal, ServiceError } = await import(`${folder}/dist/src/index.js`);

const abp = new Abp(url, key, { most: 5, patienceMs: 10_000, firstPauseMs: 10, longestPauseMs: 50 });
const order = { fixtureId, outcomeId: 121, playerId: 0, orderPrice: Decimal.of(price), orderStake: 5, userRef: "ts", testOrder: false };
const told = await abp.placeOrders({ orders: [order] });
const [taken] = told.acceptedOrders;
console.log(told.status, taken.orderPrice.text, taken.orderPrice.constructor.name, taken.requestUuid);
try {
  await abp.getBet(987654);
} catch (error) {
  console.log(error instanceof ServiceError, error.status, error.message);
}
