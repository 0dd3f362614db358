/** The three APIs: the generated operations, and what stands beside them by hand. */

import { randomUUID } from "node:crypto";

import { ServiceError } from "./errors.js";
import { AbpOperations, type OrderItem, type PlaceOrderRequest, type PlaceOrdersResponse } from "./generated/abp.js";
import { MmOperations } from "./generated/mm.js";
import { FIELDS as SCRAPING_FIELDS, ScrapingOperations, type FetchResponse } from "./generated/scraping.js";
import { Http, type Call, type Retries } from "./http.js";
import { Relay, type Target } from "./relay.js";
import { MakingSession, PlacingSession, type PlacingOptions } from "./session.js";
import { Stream, type StreamOptions } from "./stream.js";

const DUPLICATE = "Duplicate requestUuid";

/** An order whose key may be left to the client. */
export type NewOrder = Omit<PlaceOrderRequest, "requestUuid"> & { requestUuid?: string };

/** Automated bet placing. */
export class Abp extends AbpOperations {
  constructor(url: string, key: string, retries?: Retries) {
    super(new Http(url, key, retries));
  }

  /** Takes orders. Each gets its key before the first attempt; after a lost answer the same request is made again, and
   * orders that the first one placed are read by their keys: nothing is placed twice. */
  async placeOrders(body: { orders: readonly NewOrder[] }): Promise<PlaceOrdersResponse> {
    const keyed = body.orders.map((order) => ({ ...order, requestUuid: order.requestUuid ?? randomUUID() }));
    const call = this.placeOrdersCall({ orders: keyed });
    let told: PlaceOrdersResponse;
    try {
      const asked = await this.http.ask<PlaceOrdersResponse>(call);
      if (!asked.mayBeDone) return asked.value;
      told = asked.value;
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.mayBeDone || error.duplicateUuids.length === 0) throw error;
      return { status: "accepted", acceptedOrders: await this.#known(error.duplicateUuids), declinedOrders: [] };
    }
    const uuids = told.declinedOrders.filter((one) => one.declineReason === DUPLICATE).map((one) => one.requestUuid);
    if (uuids.length === 0) return told;
    const known = await this.#known(uuids);
    const found = new Set(known.map((one) => one.requestUuid));
    const declinedOrders = told.declinedOrders.filter((one) => !found.has(one.requestUuid));
    const status = declinedOrders.length ? "partial-success" : "accepted";
    return { status, acceptedOrders: [...told.acceptedOrders, ...known], declinedOrders };
  }

  /** Changes on the channels, all of them where none is named. */
  stream(options: PlacingOptions & StreamOptions = {}): Stream {
    return new Stream(this.http.socketUrl("/ws"), new PlacingSession(this.http.key, options), options);
  }

  async #known(uuids: readonly string[]): Promise<OrderItem[]> {
    return (await this.listOrders({ requestUuids: uuids.join(","), limit: uuids.length })).orders;
  }
}

/** Market making. */
export class Mm extends MmOperations {
  constructor(url: string, key: string, retries?: Retries) {
    super(new Http(url, key, retries));
  }

  /** Changes on the channels, all of them where none is named. A lost connection is told as a gap. */
  stream(options: { channels?: readonly string[] } & StreamOptions = {}): Stream {
    return new Stream(this.http.socketUrl("/ws/subscribe"), new MakingSession(this.http.key, options.channels), options);
  }
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly countries?: readonly string[];
  readonly agents?: readonly string[];
  readonly timeoutS?: number;
}

/** The scraping network. */
export class Scraping extends ScrapingOperations {
  constructor(url: string, key: string, retries?: Retries) {
    super(new Http(url, key, retries));
  }

  /** One request to a target by an agent. A body is sent exactly as it is. A GET whose answer was lost is asked again,
   * nothing else is. */
  async fetch(url: string, options: FetchOptions = {}): Promise<FetchResponse> {
    const { method = "GET", headers = {}, body, countries = [], agents = [], timeoutS = 30 } = options;
    const control: Record<string, string> = { "X-Target-URL": url, "X-Timeout": String(timeoutS) };
    if (countries.length) control["X-Geo"] = countries.join(",");
    if (agents.length) control["X-Agent"] = agents.join(",");
    const call: Call = {
      name: "fetch",
      method,
      path: "/fetch",
      repeat: method === "GET" ? "SAFE" : "NEVER",
      headers: body === undefined ? { ...headers, ...control } : control,
      ...(body === undefined ? {} : { body: { method, headers, body, timeout: timeoutS } }),
      fields: SCRAPING_FIELDS,
      hasFloats: true,
      timeoutMs: (timeoutS + 15) * 1000,
    };
    return this.http.send(call);
  }

  /** A WebSocket to the target; `ready` resolves when it is there. */
  relay(target: Target): Relay {
    return new Relay(this.http.socketUrl("/ws"), this.http.key, target);
  }
}
