'use strict';

const { native } = require('./native.js');
const { later, sync } = require('./errors.js');
const { pathText } = require('./values.js');

/** How a bill is attributed (spec 12). Immutable; keys are those of the policy file. */
class Policy {
  #text;
  #digest;
  #tagKeys;

  /** @param {object} [content] an object of the same shape as `unblended.toml`; the classic method where left out */
  constructor(content = {}) {
    this.#fill(sync(() => native.policy(JSON.stringify(content), true)));
  }

  /** @param {string[]} described */
  #fill([text, digest, tagKeys]) {
    this.#text = text;
    this.#digest = digest;
    this.#tagKeys = Object.freeze(JSON.parse(tagKeys));
  }

  /** @param {string[]} described */
  static #of(described) {
    const policy = new Policy();
    policy.#fill(described);
    return policy;
  }

  /** @param {string} text */
  static fromToml(text) {
    return Policy.#of(sync(() => native.policy(text, false)));
  }

  /** @param {string} text */
  static fromJson(text) {
    return Policy.#of(sync(() => native.policy(text, true)));
  }

  /** @param {string | URL} path TOML, or JSON where the name ends so */
  static async fromFile(path) {
    return Policy.#of(await later(() => native.readPolicy(pathText(path))));
  }

  /**
   * The same policy with these keys changed; of a table, only the keys given.
   * @param {object} changes
   */
  replace(changes) {
    const content = this.toJSON();
    for (const [key, value] of Object.entries(changes)) {
      const isTable = value !== null && typeof value === 'object' && !Array.isArray(value);
      content[key] = isTable ? { ...content[key], ...value } : value;
    }
    return new Policy(content);
  }

  get basis() {
    return this.toJSON().basis;
  }

  get digest() {
    return this.#digest;
  }

  get tagKeys() {
    return this.#tagKeys;
  }

  toJson() {
    return this.#text;
  }

  toJSON() {
    return JSON.parse(this.#text);
  }
}

/**
 * @param {Policy | object | undefined | null} policy
 * @returns {Policy}
 */
function policyOf(policy) {
  return policy instanceof Policy ? policy : new Policy(policy ?? {});
}

module.exports = { Policy, policyOf };
