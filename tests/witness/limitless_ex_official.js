// Limitless' own client against a simulated one: discovers, trades, lists, cancels.
// Input: rest, slug, private_key, api_token, api_secret. Output: what it saw.
"use strict";

const { HttpClient, MarketFetcher, OrderClient, OrderType, PortfolioFetcher, Side } = require("@limitless-exchange/sdk");
const { Wallet } = require("ethers");

const GIVEN = JSON.parse(process.argv[2]);

function http(secret) {
  const hmacCredentials = { tokenId: GIVEN.api_token, secret };
  return new HttpClient({ baseURL: GIVEN.rest, hmacCredentials, keepAlive: false });
}

async function refused(asking) {
  try {
    await asking;
  } catch (error) {
    return [error.constructor.name, error.status, error.message];
  }
  return ["accepted"];
}

function told(order) {
  return [order.status, order.side, Number(order.price), Number(order.originalSize), Number(order.remainingSize)];
}

async function run() {
  const found = {};
  const client = http(GIVEN.api_secret);
  const markets = new MarketFetcher(client);
  const orders = new OrderClient({ httpClient: client, wallet: new Wallet(GIVEN.private_key), marketFetcher: markets });
  const active = await markets.getActiveMarkets({ limit: 8 });
  found.active = [active.totalMarketsCount, active.data[0].slug];
  const market = await markets.getMarket(GIVEN.slug);
  const [yes, no] = [market.tokens.yes, market.tokens.no];
  const book = await markets.getOrderBook(GIVEN.slug);
  found.book = [book.bids, book.asks.map((level) => [level.price, level.size])];
  const limit = { tokenId: yes, side: Side.BUY, orderType: OrderType.GTC, marketSlug: GIVEN.slug };
  const rests = await orders.createOrder({ ...limit, price: 0.4, size: 10 });
  found.rests = [rests.order.side, rests.order.makerAmount, rests.order.takerAmount];
  found.listed = (await market.getUserOrders()).map((order) => [order.id === rests.order.id, ...told(order)]);
  const takes = await orders.createOrder({ ...limit, price: 0.6, size: 20, orderType: OrderType.FAK });
  found.matched = takes.makerMatches.map((match) => Number(match.matchedSize));
  found.funds = await refused(orders.createOrder({ ...limit, price: 0.4, size: 90000 }));
  found.unheld = await refused(orders.createOrder({ ...limit, tokenId: no, side: Side.SELL, price: 0.4, size: 10 }));
  const history = await new PortfolioFetcher(client).getUserHistory();
  found.history = history.data.length;
  found.cancelled = (await orders.cancel(rests.order.id)).message;
  found.gone = await refused(orders.cancel(rests.order.id));
  await orders.createOrder({ ...limit, price: 0.3, size: 10 });
  found.swept = (await orders.cancelAll(GIVEN.slug)).message;
  found.left = (await market.getUserOrders()).filter((order) => order.status === "LIVE").length;
  found.stranger = await refused(new PortfolioFetcher(http("ERERERERERERERERERERERERERERERERERERERERERE=")).getProfile());
  return found;
}

run().then((found) => process.stdout.write(JSON.stringify(found)));
