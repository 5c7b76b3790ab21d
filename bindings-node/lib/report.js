'use strict';

const { setImmediate: turn } = require('node:timers/promises');

const { native, handleOf, wrap } = require('./native.js');
const { later, sync } = require('./errors.js');
const { camelName, read, snakeName } = require('./values.js');

/** Rows made between two turns of the event loop: about a millisecond. */
const PAGE = 500;

/** The result of attributing one bill in one currency. Costs are decimal text, exact. */
class Report {
  constructor() {
    throw new TypeError('a Report comes from `bill.attribute`, `store.run` or `Report.fromBytes`');
  }

  /** @param {Uint8Array} bytes what `toBytes` of the same version gave */
  static async fromBytes(bytes) {
    return wrap(Report, await later(() => native.Report.fromBytes(bytes)));
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
    return headOf(this).diagnostics;
  }

  async areaCosts() {
    return collected(this.rows('areaCosts'));
  }

  async serviceCosts() {
    return collected(this.rows('serviceCosts'));
  }

  async productAreaCosts() {
    return collected(this.rows('productAreaCosts'));
  }

  async mechanisms() {
    return collected(this.rows('mechanisms'));
  }

  async cells() {
    return collected(this.rows('cells'));
  }

  /**
   * The rows of a table, one after the other, in the order of the table.
   * @param {string} table
   */
  async *rows(table) {
    const content = await later(() => handleOf(this, Report).table(snakeName(table)));
    for (let from = 0; from < content.rows(); from += PAGE) {
      const columns = JSON.parse(sync(() => content.page(from, PAGE)));
      yield* rowsOf(columns);
      await turn();
    }
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
  return read(sync(() => handleOf(report, Report).head()));
}

/** @param {{ name: string, column_type: string, values: (string | null)[] }[]} columns */
function rowsOf(columns) {
  const named = columns.map(({ name, column_type: type, values }) => ({
    name: camelName(name),
    values: type === 'count' ? values.map((value) => (value === null ? null : Number(value))) : values,
  }));
  const count = named[0]?.values.length ?? 0;
  return Array.from({ length: count }, (_, at) =>
    Object.fromEntries(named.map(({ name, values }) => [name, values[at]])),
  );
}

/**
 * @template T
 * @param {AsyncIterable<T>} rows
 * @returns {Promise<T[]>}
 */
async function collected(rows) {
  const all = [];
  for await (const row of rows) {
    all.push(row);
  }
  return all;
}

module.exports = { Report };
