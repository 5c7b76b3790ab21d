'use strict';

/** The pieces that are useful on their own; they answer at once. */

const { native } = require('./native.js');
const { sync } = require('./errors.js');
const { decimalText, instantText, known, read } = require('./values.js');

/**
 * Splits an amount by weights so that the parts sum to it exactly.
 * @param {string | bigint | number} amount
 * @param {any} weights pairs, a Map or an object of keys and whole numbers
 */
function split(amount, weights) {
  const isMap = weights instanceof Map;
  const pairs = isMap || Array.isArray(weights) ? [...weights] : Object.entries(weights);
  const text = JSON.stringify(pairs.map(([key, weight]) => [key, decimalText(weight)]));
  const parts = JSON.parse(sync(() => native.split(decimalText(amount), text)));
  if (isMap) {
    return new Map(parts);
  }
  return Array.isArray(weights) ? parts : Object.fromEntries(parts);
}

/**
 * The parts of a fee that belong to each billing period its term touches; they sum to the fee.
 * @param {string | bigint | number} fee
 * @param {string | Date} start
 * @param {string | Date} end
 * @returns {Record<string, string>}
 */
function amortize(fee, start, end) {
  const [from, to] = [String(instantText(start)), String(instantText(end))];
  const parts = JSON.parse(sync(() => native.amortize(decimalText(fee), from, to)));
  return Object.fromEntries(parts.map(({ period, amount }) => [period, amount]));
}

/**
 * Splits the cost of one instance in one interval over services by CPU-seconds.
 * @param {any} options
 * @returns {Record<string, string> | null}
 */
function allocateCpu(options) {
  const { cost, start, end, runs, capacity } = known(
    options,
    ['cost', 'start', 'end', 'runs', 'capacity'],
    'allocateCpu',
  );
  const request = {
    cost: decimalText(cost),
    start: instantText(start),
    end: instantText(end),
    runs: runs.map((run) => ({ ...run, started: instantText(run.started), stopped: instantText(run.stopped) })),
    capacity,
  };
  const parts = JSON.parse(sync(() => native.allocateCpu(JSON.stringify(request))));
  return parts && Object.fromEntries(parts);
}

/**
 * Splits the cost of one instance over its tasks as AWS's split cost allocation data does.
 * @param {any} options
 */
function splitCost(options) {
  const { cost, capacity, tasks, weights, unused } = known(
    options,
    ['cost', 'capacity', 'tasks', 'weights', 'unused'],
    'splitCost',
  );
  /** @param {Record<string, string | bigint | number> | undefined} given */
  const quantities = (given) =>
    given && Object.fromEntries(Object.entries(given).map(([key, value]) => [key, decimalText(value)]));
  const request = {
    cost: decimalText(cost),
    capacity: quantities(capacity),
    tasks: tasks.map(({ reserved, actual, ...task }) => {
      return { ...task, reserved: quantities(reserved), actual: quantities(actual) };
    }),
    weights: quantities(weights),
    unused,
  };
  return JSON.parse(sync(() => native.splitCost(JSON.stringify(request))));
}

/**
 * Is this final? Rows are those of one payer and billing entity.
 * @param {{ invoiceId?: string | null, cost: string | bigint | number }[]} rows
 * @param {string} period
 * @param {string | Date} [asOf]
 * @param {string} [format]
 */
function isFinal(rows, period, asOf, format = 'dbr') {
  const asked = rows.map(({ invoiceId, cost }) => ({ invoice_id: invoiceId ?? null, cost: decimalText(cost), format }));
  return read(sync(() => native.isFinal(JSON.stringify(asked), period, instantText(asOf))));
}

/** A fresh run id (UUIDv7). @returns {string} */
function newRunId() {
  return native.newRunId();
}

module.exports = { split, amortize, allocateCpu, splitCost, isFinal, newRunId };
