'use strict';

const { native, handleOf, wrap } = require('./native.js');
const { answerOf, itemsOf, madeOf } = require('./answers.js');
const { later, sync } = require('./errors.js');
const { read, snakeName } = require('./values.js');

/** The result of attributing one bill in one currency. Costs are decimal text, exact. */
class Report {
  constructor() {
    throw new TypeError('a Report comes from `bill.attribute`, `store.run` or `Report.fromBytes`');
  }

  /** @param {Uint8Array} bytes what `toBytes` of the same version gave */
  static async fromBytes(bytes) {
    return wrap(Report, await madeOf(bytes, native.Report.receive));
  }

  /** @returns {Promise<Uint8Array>} */
  async toBytes() {
    return later(() => handleOf(this, Report).toBytes());
  }

  get period() {
    return headOf(this).period;
  }

  get status() {
    return headOf(this).status;
  }

  get asOf() {
    return headOf(this).asOf;
  }

  get basis() {
    return headOf(this).basis;
  }

  get currency() {
    return headOf(this).currency;
  }

  get payers() {
    return headOf(this).payers;
  }

  get stopsEarly() {
    return headOf(this).stopsEarly;
  }

  get totals() {
    return headOf(this).totals;
  }

  get bridge() {
    return headOf(this).bridge;
  }

  get coverage() {
    return headOf(this).coverage;
  }

  get digests() {
    return headOf(this).digests;
  }

  get inputs() {
    return headOf(this).inputs;
  }

  /** With locations, which the table of that name leaves out. */
  async diagnostics() {
    return answerOf(() => handleOf(this, Report).diagnostics());
  }

  async areaCosts() {
    return tableOf(this, 'areaCosts');
  }

  async serviceCosts() {
    return tableOf(this, 'serviceCosts');
  }

  async productAreaCosts() {
    return tableOf(this, 'productAreaCosts');
  }

  async mechanisms() {
    return tableOf(this, 'mechanisms');
  }

  async reallocations() {
    return tableOf(this, 'reallocations');
  }

  async unattributed() {
    return tableOf(this, 'unattributed');
  }

  async wins() {
    return tableOf(this, 'wins');
  }

  async splitCheck() {
    return tableOf(this, 'splitCheck');
  }

  async commitments() {
    return tableOf(this, 'commitments');
  }

  async cells() {
    return tableOf(this, 'cells');
  }

  /**
   * The rows of a table, one after the other, in the order of the table.
   * @param {string} table
   */
  async *rows(table) {
    yield* itemsOf(() => handleOf(this, Report).table(snakeName(table)));
  }

  /**
   * A table as an Arrow IPC stream; costs are decimal128(38, 18).
   * @param {string} table
   * @returns {Promise<Uint8Array>}
   */
  async tableIpc(table) {
    return later(() => handleOf(this, Report).tableIpc(snakeName(table)));
  }

  /**
   * The JSON of `unblended rollup --output json`, byte for byte but for the run id.
   * @param {string} [runId] id to write; a fresh one where left out
   */
  toJson(runId = native.newRunId()) {
    return sync(() => handleOf(this, Report).toJson(runId));
  }

  /** The same as an object, without a run id; what `JSON.stringify` writes. */
  toJSON() {
    const { run_id: _, ...content } = JSON.parse(this.toJson(''));
    return content;
  }
}

/** @param {Report} report */
function headOf(report) {
  return read(handleOf(report, Report).head());
}

/**
 * @param {Report} report
 * @param {string} table
 * @returns {Promise<any[]>}
 */
function tableOf(report, table) {
  return answerOf(() => handleOf(report, Report).table(snakeName(table)));
}

module.exports = { Report };
