'use strict';

/** Large answers, so that the event loop goes on: text is parsed and converted in pages, with a turn after each. */

const { setImmediate: turn } = require('node:timers/promises');

const { native } = require('./native.js');
const { later } = require('./errors.js');
const { Pump } = require('./sources.js');
const { camel, camelName } = require('./values.js');

/**
 * The first value of an answer, which is all of it where it is short; then pairs of a list in it and its next items.
 * @param {() => Promise<any>} call
 * @returns {AsyncGenerator<any, void, undefined>}
 */
async function* pages(call) {
  const answer = await later(call);
  for (let text = answer.nextText(); text !== null; text = answer.nextText()) {
    yield camel(JSON.parse(text));
    await turn();
  }
}

/**
 * What a call of the add-on answers, with keys in camelCase.
 * @param {() => Promise<any>} call
 * @returns {Promise<any>}
 */
async function answerOf(call) {
  let whole;
  let isWhole = false;
  for await (const value of pages(call)) {
    if (isWhole) {
      const [path, items] = value;
      path.reduce((inner, key) => inner[camelName(key)], whole).push(...items);
    } else {
      [whole, isWhole] = [value, true];
    }
  }
  return whole;
}

/**
 * The items of a list that a call of the add-on answers, one after the other.
 * @param {() => Promise<any>} call
 * @returns {AsyncGenerator<any, void, undefined>}
 */
async function* itemsOf(call) {
  let isFirst = true;
  for await (const value of pages(call)) {
    yield* isFirst ? value : value[1];
    isFirst = false;
  }
}

/**
 * What a call of the add-on makes of bytes, which cross in pieces and must not change until then.
 * @param {Uint8Array} bytes
 * @param {(stream: any) => Promise<any>} call
 * @returns {Promise<any>}
 */
async function madeOf(bytes, call) {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError('a Uint8Array was expected');
  }
  const stream = new native.Stream();
  const made = later(() => call(stream));
  new Pump('bytes', bytes, stream).run();
  return made;
}

module.exports = { answerOf, itemsOf, madeOf };
