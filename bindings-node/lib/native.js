'use strict';

/** The add-on, and which of its objects stands behind which object of this package. */

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const path = join(__dirname, '..', 'unblended.node');
if (!existsSync(path)) {
  throw new Error(`unblended is not built for this machine: ${path} is missing; run \`npm install\` in its folder`);
}

/** @type {any} */
const native = require(path);

/** @type {WeakMap<object, any>} */
const behind = new WeakMap();

/**
 * @template {object} T
 * @param {T} object
 * @param {any} handle
 * @returns {T}
 */
function bind(object, handle) {
  behind.set(object, handle);
  return object;
}

/**
 * An object of a class, without running its constructor.
 * @template T
 * @param {new (...args: any[]) => T} type
 * @param {any} handle
 * @returns {T}
 */
function wrap(type, handle) {
  return bind(Object.create(type.prototype), handle);
}

/**
 * @param {any} object
 * @param {Function} type
 * @returns {any}
 */
function handleOf(object, type) {
  const handle = object instanceof type ? behind.get(object) : undefined;
  if (!handle) {
    throw new TypeError(`a ${type.name} of this package was expected`);
  }
  return handle;
}

module.exports = { native, bind, wrap, handleOf };
