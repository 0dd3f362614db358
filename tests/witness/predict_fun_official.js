// predict.fun's own SDK signs logins and orders for a simulated one. The SDK has no requests: fetch sends what it makes.
// Input: rest, slug, private_key, api_key, account (the smart account; null where the key trades for itself).
// Output: what was seen.
"use strict";

const { AddressesByChainId, ChainId, OrderBuilder, Side } = require("@predictdotfun/sdk");
const { JsonRpcProvider, Wallet, parseEther } = require("ethers");

const GIVEN = JSON.parse(process.argv[2]);
const ETHER = 10n ** 18n;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const NO_CHAIN = new JsonRpcProvider("http://127.0.0.1:1", 56, { staticNetwork: true });

let token = null;

async function ask(method, path, body) {
  const headers = { "x-api-key": GIVEN.api_key, "content-type": "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(GIVEN.rest + path, { method, headers, body: body && JSON.stringify(body) });
  return [answer.status, await answer.json()];
}

// The status and the venue's word for it.
async function refused(path, body) {
  const [status, answer] = await ask("POST", path, body);
  return [status, answer.message];
}

async function given(method, path, body) {
  const [status, answer] = await ask(method, path, body);
  if (status !== 200 || !answer.success) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer.data;
}

// With an account the public way to make a builder asks the chain for the account's owner; there is no chain here.
function builderOf(wallet) {
  const addresses = AddressesByChainId[ChainId.BnbMainnet];
  const salt = () => String(1 + Math.floor(Math.random() * 2 ** 31));
  return new OrderBuilder(ChainId.BnbMainnet, ETHER, addresses, salt, SILENT, wallet, GIVEN.account ?? undefined);
}

async function run() {
  const found = {};
  const wallet = new Wallet(GIVEN.private_key, NO_CHAIN);
  const builder = builderOf(wallet);
  const trader = GIVEN.account ?? wallet.address;

  const { message } = await given("GET", "/v1/auth/message");
  const signed = await (GIVEN.account ? builder.signPredictAccountMessage(message) : wallet.signMessage(message));
  found.stranger = await refused("/v1/auth", { signer: trader, message: `${message}.`, signature: signed });
  token = (await given("POST", "/v1/auth", { signer: trader, message, signature: signed })).token;
  found.account = (await given("GET", "/v1/account")).address === trader;

  const [market] = (await given("GET", `/v1/categories/${GIVEN.slug}`)).markets;
  const flags = { isNegRisk: market.isNegRisk, isYieldBearing: market.isYieldBearing };
  const book = await given("GET", `/v1/markets/${market.id}/orderbook`);
  found.book = [book.bids, book.asks];

  async function orderOf(strategy, side, tokenId, amounts) {
    const made = builder.buildOrder(strategy, {
      maker: trader,
      signer: trader,
      side,
      tokenId,
      makerAmount: amounts.makerAmount,
      takerAmount: amounts.takerAmount,
      nonce: 0n,
      feeRateBps: market.feeRateBps,
    });
    const typed = builder.buildTypedData(made, flags);
    const order = { ...(await builder.signTypedDataOrder(typed)), hash: builder.buildTypedDataHash(typed) };
    return { data: { order, pricePerShare: String(amounts.pricePerShare), strategy } };
  }

  const [yes, no] = market.outcomes.map((outcome) => outcome.onChainId);
  const limit = (side, tokenId, price, quantity) =>
    orderOf(
      "LIMIT",
      side,
      tokenId,
      builder.getLimitOrderAmounts({ side, pricePerShareWei: parseEther(price), quantityWei: parseEther(quantity) }),
    );

  const resting = await limit(Side.BUY, yes, "0.4", "10");
  const placed = await given("POST", "/v1/orders", resting);
  found.hash = placed.orderHash === resting.data.order.hash;
  const order = await given("GET", `/v1/orders/${resting.data.order.hash}`);
  found.order = [order.status, order.amount, order.amountFilled];
  found.twice = await refused("/v1/orders", resting);
  const amounts = builder.getMarketOrderAmounts({ side: Side.BUY, quantityWei: 4n * ETHER }, book);
  const taking = await orderOf("MARKET", Side.BUY, yes, amounts);
  found.bought = (await given("POST", "/v1/orders", taking)).orderHash === taking.data.order.hash;
  found.unheld = await refused("/v1/orders", await limit(Side.SELL, no, "0.4", "10"));
  const forged = await limit(Side.BUY, yes, "0.3", "10");
  forged.data.order.signature = resting.data.order.signature;
  found.forged = await refused("/v1/orders", forged);
  const remove = { data: { hashes: [resting.data.order.hash] } };
  const [, gone] = await ask("POST", "/v1/orders/remove-by-hash", remove);
  found.removed = [gone.removed.length, gone.noop.length, gone.rejected.length];
  found.left = (await given("GET", "/v1/orders?status=OPEN")).length;
  return found;
}

run().then((found) => {
  process.stdout.write(JSON.stringify(found));
  NO_CHAIN.destroy();
});
