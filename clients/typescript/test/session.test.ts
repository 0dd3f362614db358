import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Gap, MakingSession, PlacingSession, type Message, type Step } from "../src/session.js";
import { Abp } from "../src/clients.js";

const KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001";

function said(steps: Step[]): unknown[] {
  return steps.flatMap((step) => ("say" in step ? [JSON.parse(step.say)] : []));
}

function told(steps: Step[]): (Message | Gap)[] {
  return steps.flatMap((step) => ("tell" in step ? [step.tell] : []));
}

function data(session: PlacingSession, seq: number): Step[] {
  return session.receive(JSON.stringify({ type: "data", channel: "orders", event: "UPDATE", payload: { seq }, seq }));
}

function message(session: PlacingSession, seq: number): Message {
  const [found] = told(data(session, seq));
  assert.ok(found && "payload" in found);
  return found;
}

function loggedIn(options = {}): PlacingSession {
  const session = new PlacingSession(KEY, { channels: ["orders"], ...options });
  session.opened();
  session.receive('{"type":"login_ok","subscriptionId":7}');
  return session;
}

test("the login asks for reliable delivery", () => {
  const session = new PlacingSession(KEY, { channels: ["orders"] });
  assert.deepEqual(said(session.opened()), [{ type: "login", apiKey: KEY, channels: ["orders"], reliableDelivery: true }]);
});

test("the key is in no text of a session or client", () => {
  for (const one of [new PlacingSession(KEY), new MakingSession(KEY), new Abp("http://host", KEY)]) {
    assert.ok(!inspect(one, { depth: 9, showHidden: true }).includes(KEY));
    assert.ok(!JSON.stringify(one).includes(KEY));
  }
});

test("each message is told once, and acknowledged when it is done with", () => {
  const session = loggedIn();
  const first = message(session, 1);
  assert.deepEqual(data(session, 1), []);
  assert.deepEqual(said(session.handled(first, 0)), [{ type: "ack", upTo: 1 }]);
  assert.deepEqual(said(data(session, 1)), [{ type: "ack", seq: 1 }]);
});

test("an acknowledgement waits a second at most", () => {
  const session = loggedIn();
  const first = message(session, 1);
  message(session, 2);
  assert.deepEqual(session.handled(first, 5000), []);
  assert.equal(session.dueMs, 6000);
  assert.deepEqual(said(session.onTime(6000)), [{ type: "ack", upTo: 1 }]);
});

test("resumption begins after the last acknowledged and repeats nothing", () => {
  const session = loggedIn();
  const [first, , third] = [1, 2, 3].map((seq) => message(session, seq));
  session.acknowledge([third!, first!]);
  assert.equal(session.closed(1006, ""), undefined);
  const [login] = said(session.opened()) as [Record<string, unknown>];
  assert.deepEqual(login["resume"], { subscriptionId: 7, lastSeq: 1 });
  assert.deepEqual(session.receive('{"type":"login_ok","subscriptionId":7,"resumed":true}'), [{ ready: true }]);
  assert.deepEqual(data(session, 2), []);
  assert.equal(message(session, 4).seq, 4);
});

test("a lost subscription is a gap, and old messages acknowledge nothing", () => {
  const session = loggedIn();
  const old = message(session, 1);
  session.closed(1006, "");
  session.opened();
  assert.ok(told(session.receive('{"type":"login_ok","subscriptionId":8,"resumed":false}'))[0] instanceof Gap);
  message(session, 1);
  assert.deepEqual(session.handled(old, 0), []);
  assert.deepEqual(session.position, { subscriptionId: 8, lastSeq: 0, acknowledged: [] });
});

test("what was acknowledged out of order is neither told again nor missed", () => {
  const before = loggedIn();
  const [first, , third] = [1, 2, 3].map((seq) => message(before, seq));
  before.acknowledge([third!, first!]);
  assert.deepEqual(before.position, { subscriptionId: 7, lastSeq: 1, acknowledged: [3] });
  const after = new PlacingSession(KEY, { resume: before.position });
  after.opened();
  after.receive('{"type":"login_ok","subscriptionId":7,"resumed":true}');
  after.acknowledge([message(after, 2), message(after, 4)]);
  assert.deepEqual(after.position, { subscriptionId: 7, lastSeq: 4, acknowledged: [] });
});

test("a hole in the numbers is told", () => {
  assert.ok(told(data(loggedIn(), 3))[0] instanceof Gap);
});

test("by hand, many are acknowledged together", () => {
  const session = loggedIn();
  const all = [1, 2, 3].map((seq) => message(session, seq));
  assert.deepEqual(said(session.acknowledge(all)), [{ type: "batch_ack", seqs: [1, 2, 3] }]);
  assert.deepEqual(session.acknowledge(all), []);
});

test("some refusals are final and a full house is not", () => {
  const session = new PlacingSession(KEY);
  session.opened();
  assert.ok("refuse" in session.receive('{"type":"error","message":"Invalid API key"}')[0]!);
  assert.deepEqual(session.receive('{"type":"error","message":"Connection limit exceeded"}'), []);
  assert.deepEqual([4001, 4006].map((code) => session.closed(code, "")?.code), [4001, 4006]);
  assert.deepEqual([1006, 4002, 4003, 4005].map((code) => session.closed(code, "")), Array(4).fill(undefined));
});

test("market making tells a gap after a lost connection and pings", () => {
  const session = new MakingSession(KEY, ["orders"]);
  session.opened(0);
  assert.deepEqual(session.receive('{"type":"subscribed","subscriptionId":1}'), [{ ready: true }]);
  assert.deepEqual(said(session.onTime(30_000)), [{ type: "ping" }]);
  session.closed(1006, "");
  session.opened(0);
  assert.ok(told(session.receive('{"type":"subscribed","subscriptionId":2}'))[0] instanceof Gap);
});
