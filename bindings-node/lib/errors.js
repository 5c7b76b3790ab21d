'use strict';

/** Errors: one class for each concern, stable codes, where it was found, and why (spec 10.3). */

/** Anything the library refuses or fails at. */
class UnblendedError extends Error {
  /**
   * @param {string} message
   * @param {{ code?: string, location?: object | null, cause?: unknown }} [options]
   */
  constructor(message, { code = 'internal.panic', location = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.location = location;
  }
}

/** Bill, event or table data is wrong. */
class InputError extends UnblendedError {}

/** Options or the policy are wrong, or ask for what this bill cannot give. */
class ConfigError extends UnblendedError {}

/** A limit of exact arithmetic or of the caller was reached. */
class LimitError extends UnblendedError {}

/** The operating system refused to read or write. */
class IoError extends UnblendedError {}

/** The store or a finalized table forbids the operation. */
class StateError extends UnblendedError {
  /** For a refused finalization, every area whose cost differs from the live version. */
  differences = [];
}

/** A promise of this library is broken; please report it. */
class InternalError extends UnblendedError {}

const classes = {
  input: InputError,
  config: ConfigError,
  limit: LimitError,
  io: IoError,
  state: StateError,
  internal: InternalError,
};

// The name is what stands before the message in a stack trace.
for (const type of [UnblendedError, ...Object.values(classes)]) {
  Object.defineProperty(type.prototype, 'name', { value: type.name, configurable: true, writable: true });
}

/**
 * @param {string} name name of an error class
 * @returns {typeof UnblendedError}
 */
function classOf(name) {
  return classes[name] ?? InternalError;
}

/** @param {any} location */
function place(location) {
  const parts = [location.file ?? 'input'];
  if (location.row !== undefined) parts.push(`row ${location.row}`);
  if (location.byte !== undefined) parts.push(`byte ${location.byte}`);
  if (location.column !== undefined) parts.push(`column \`${location.column}\``);
  return parts.join(', ');
}

/**
 * The error of an error of the add-on, whose message is JSON text; any other error as it is.
 * @param {any} error
 * @returns {any}
 */
function decoded(error) {
  let payload;
  try {
    payload = JSON.parse(error.message);
  } catch {
    return error;
  }
  if (typeof payload?.code !== 'string') {
    return error;
  }
  const { code, class: name, message, location, causes } = payload;
  const cause = causes.reduceRight((inner, text) => new Error(text, inner && { cause: inner }), undefined);
  const text = location ? `${message} (${place(location)})` : message;
  const made = new (classOf(name))(text, { code, location, cause });
  Error.captureStackTrace?.(made, decoded);
  return made;
}

/**
 * Runs a call of the add-on that answers at once.
 * @template T
 * @param {() => T} call
 * @returns {T}
 */
function sync(call) {
  try {
    return call();
  } catch (error) {
    throw decoded(error);
  }
}

/**
 * Runs a call of the add-on that answers with a promise.
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
async function later(call) {
  try {
    return await call();
  } catch (error) {
    throw decoded(error);
  }
}

module.exports = {
  UnblendedError,
  InputError,
  ConfigError,
  LimitError,
  IoError,
  StateError,
  InternalError,
  classOf,
  sync,
  later,
};
