import assert from "node:assert/strict";
import { test } from "node:test";

import { Decimal } from "../src/decimal.js";
import { parse, stringify } from "../src/json.js";

const FIELDS = { decimals: new Set(["price"]), floats: new Set(["seconds"]) };

test("numbers keep every digit", () => {
  const text = '{"price":1.10000000000000000000001,"n":2,"list":[0.1,1e-7,12345678901234567890],"deep":{"price":2}}';
  assert.equal(stringify(parse(text, FIELDS)), text);
});

test("whole numbers are numbers unless the field is a decimal", () => {
  const found = parse('{"id":7,"price":2,"seconds":1.5}', FIELDS) as Record<string, unknown>;
  assert.equal(found["id"], 7);
  assert.equal(found["seconds"], 1.5);
  assert.ok(found["price"] instanceof Decimal && found["price"].text === "2");
});

test("other values are what JSON.parse makes of them", () => {
  for (const text of ['"a\\u00e9\\n\\"b"', "true", "null", "[]", "{}", ' [ 1 , "x" ] ', '{"a":{"b":[false]}}', "-0", '"__proto__"']) {
    assert.deepEqual(parse(text), JSON.parse(text), text);
  }
});

test("what JSON.parse refuses is refused", () => {
  const wrong = ["", "{", "[1,]", '{"a":1,}', "01", "1.", ".5", "+1", "nul", '"a', '"\n"', "1 2", "{a:1}", "NaN", "'a'", '{"a" 1}'];
  for (const text of wrong) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.throws(() => parse(text), SyntaxError, text);
  }
});

test("nesting is bounded", () => {
  assert.throws(() => parse("[".repeat(10_000)), /too deeply/);
});

test("a field called __proto__ changes no object's nature", () => {
  const found = parse('{"__proto__":{"isAdmin":true}}') as Record<string, unknown>;
  assert.equal(({} as Record<string, unknown>)["isAdmin"], undefined);
  assert.equal(found["isAdmin"], undefined);
});

test("a float is refused by its name", () => {
  assert.throws(() => stringify({ orders: [{ orderPrice: 1.95 }] }), /orders\[0\]\.orderPrice is a float/);
  assert.equal(stringify({ timeout: 1.5 }, true), '{"timeout":1.5}');
});

test("what is not given is not sent", () => {
  assert.equal(stringify({ a: undefined, b: null, c: Decimal.of("0.10") }), '{"b":null,"c":0.10}');
});

test("decimals compare exactly, however they are written", () => {
  assert.ok(Decimal.of("0.10").equals("1e-1"));
  assert.ok(Decimal.of("-0.5").equals("-5e-1"));
  assert.equal(Decimal.of("9007199254740993").compare("9007199254740992"), 1);
  assert.equal(Decimal.of("-0.1").compare(0), -1);
});

test("a decimal is not made of a float or of words", () => {
  for (const wrong of [0.1, NaN, 2 ** 53, "abc", "", "1,5", "0x1", "Infinity", "01"]) {
    assert.throws(() => Decimal.of(wrong), TypeError, String(wrong));
  }
});
