'use strict';

/** What there is: error codes, JSON Schemas, the demo and the command line program. */

const { native } = require('./native.js');
const { answerOf } = require('./answers.js');
const { later, sync } = require('./errors.js');
const { known, pathText } = require('./values.js');

/** Every error code: its class and what it means. */
function errorCodes() {
  const all = JSON.parse(sync(() => native.errorCodes()));
  return Object.fromEntries(all.map((info) => [info.code, info]));
}

/** JSON Schemas of what is read and written, by name. */
function schemas() {
  return JSON.parse(sync(() => native.schemas()));
}

/**
 * Writes a realistic month: a bill with events, service map and policy.
 * @param {string | URL} dir
 * @param {any} [options]
 */
async function demo(dir, options = {}) {
  const names = ['period', 'seed', 'rows', 'instances', 'areas', 'dialects', 'savingsPlan', 'splitCosts'];
  const { period = '2016-06', savingsPlan, splitCosts, ...rest } = known(options, names, 'demo');
  const request = { period, ...rest, savings_plan: savingsPlan, split_costs: splitCosts };
  return answerOf(() => native.demo(pathText(dir), JSON.stringify(request)));
}

/**
 * Runs the command line program; results go to standard output, progress and findings to standard error.
 * @param {readonly string[]} argv what is typed after `unblended`
 * @returns {Promise<number>} exit status
 */
async function runCli(argv) {
  return later(() => native.runCli(['unblended', ...argv]));
}

module.exports = { errorCodes, schemas, demo, runCli };
