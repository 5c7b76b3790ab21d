'use strict';

/** Values across the border: names, instants, paths and decimals. */

const { fileURLToPath } = require('node:url');

const snakeCase = /^[a-z0-9]+(_[a-z0-9]+)+$/;

/**
 * The one rename rule: snake_case → camelCase. Keys of another form are data, such as currencies.
 * @param {string} name
 */
function camelName(name) {
  return snakeCase.test(name) ? name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase()) : name;
}

/** @param {string} name */
function snakeName(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * A JSON value with its keys in camelCase.
 * @param {any} value
 * @returns {any}
 */
function camel(value) {
  if (Array.isArray(value)) {
    return value.map(camel);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelName(key), camel(inner)]));
}

/**
 * JSON text → a value with keys in camelCase.
 * @param {string} text
 */
function read(text) {
  return camel(JSON.parse(text));
}

/**
 * An object of options with the given keys, in snake_case. Unknown keys are refused, because a misspelt option that
 * does nothing gives a wrong result.
 * @param {any} options
 * @param {readonly string[]} keys
 * @param {string} where
 */
function known(options, keys, where) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`the options of ${where} must be an object`);
  }
  for (const key of Object.keys(options)) {
    if (!keys.includes(key)) {
      throw new TypeError(`${where} has no option \`${key}\`; it has ${keys.join(', ')}`);
    }
  }
  return options;
}

/**
 * @param {string | Date | undefined | null} instant
 * @returns {string | undefined}
 */
function instantText(instant) {
  return instant instanceof Date ? instant.toISOString() : (instant ?? undefined);
}

/**
 * @param {string | URL} path
 * @returns {string}
 */
function pathText(path) {
  if (path instanceof URL) {
    return fileURLToPath(path);
  }
  if (typeof path !== 'string') {
    throw new TypeError('a path must be a string or a file URL');
  }
  return path;
}

/**
 * An exact number as text. Numbers with a fraction are refused: they are binary and rarely what was meant.
 * @param {string | bigint | number} amount
 * @returns {string}
 */
function decimalText(amount) {
  if (typeof amount === 'string') {
    return amount;
  }
  if (typeof amount === 'bigint' || Number.isSafeInteger(amount)) {
    return String(amount);
  }
  throw new TypeError('an amount must be decimal text, a BigInt or a whole number');
}

/**
 * Decimal text of an unscaled 128-bit integer, such as apache-arrow gives for a decimal column.
 * @param {bigint | Uint32Array} unscaled a BigInt, or four words from the lowest, in two's complement
 * @param {number} [scale] digits after the point
 * @returns {string} without exponent and trailing zeros
 */
function formatDecimal(unscaled, scale = 18) {
  let units = unscaled;
  if (typeof units !== 'bigint') {
    const words = Array.from(units).reverse();
    units = BigInt.asIntN(words.length * 32, words.reduce((high, word) => (high << 32n) | BigInt(word >>> 0), 0n));
  }
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction && `.${fraction}`}`;
}

module.exports = { camel, camelName, snakeName, read, known, instantText, pathText, decimalText, formatDecimal };
