'use strict';

const { native, wrap, handleOf } = require('./native.js');
const { Bill } = require('./bill.js');
const { answerOf } = require('./answers.js');
const { StateError, later } = require('./errors.js');
const { Reservations } = require('./evidence.js');
const { Report } = require('./report.js');
const { known, pathText } = require('./values.js');

const queryKeys = ['period', 'basis', 'payer', 'currency'];

/** A store of rollup runs, which is only added to, and of finalized versions. */
class Store {
  constructor() {
    throw new TypeError('a Store comes from `Store.open`');
  }

  /**
   * @param {string | URL} url path of a SQLite file, or `sqlite:PATH`
   * @param {{ create?: boolean }} [options]
   */
  static async open(url, options = {}) {
    const { create = true } = known(options, ['create'], 'Store.open');
    return wrap(Store, await later(() => native.Store.open(pathText(url), create)));
  }

  async close() {
    await later(() => handleOf(this, Store).close());
  }

  /**
   * Adds a report as a new run, whole or not at all; resolves to the run's id.
   * @param {Report} report
   * @param {Bill} bill
   * @param {{ runId?: string }} [options]
   * @returns {Promise<string>}
   */
  async append(report, bill, options = {}) {
    const { runId = native.newRunId() } = known(options, ['runId'], 'append');
    await later(() => handleOf(this, Store).append(runId, handleOf(report, Report), handleOf(bill, Bill)));
    return runId;
  }

  /**
   * Keeps the fees of a table for later runs; before the scan's own fees are appended.
   * @param {Reservations} table
   */
  async addReservations(table) {
    await later(() => handleOf(this, Store).addReservations(handleOf(table, Reservations)));
  }

  /** @param {any} [query] */
  async runs(query = {}) {
    const text = JSON.stringify(known(query, queryKeys, 'runs'));
    return answerOf(() => handleOf(this, Store).runs(text));
  }

  /** @param {string} id */
  async run(id) {
    return wrap(Report, await later(() => handleOf(this, Store).run(String(id))));
  }

  async finalized() {
    return answerOf(() => handleOf(this, Store).finalized());
  }

  /**
   * @param {any} [options] a run by `id`, or the latest that matches; and what the caller vouches for
   * @returns {Promise<number>} the live version
   */
  async finalize(options = {}) {
    const keys = ['id', ...queryKeys, 'restate', 'assertInvoiced', 'allowIncomplete'];
    const { restate, assertInvoiced, allowIncomplete, ...query } = known(options, keys, 'finalize');
    const terms = { restate, assert_invoiced: assertInvoiced, allow_incomplete: allowIncomplete };
    const [asked, vouched] = [JSON.stringify(query), JSON.stringify(terms)];
    const outcome = await answerOf(() => handleOf(this, Store).finalize(asked, vouched));
    if (outcome.refused) {
      const error = new StateError(outcome.refused.message, { code: outcome.refused.code });
      error.differences = outcome.refused.differences;
      throw error;
    }
    return (outcome.finalized ?? outcome.unchanged).version;
  }

  async reservations() {
    return wrap(Reservations, await later(() => handleOf(this, Store).reservations()));
  }
}

module.exports = { Store };
