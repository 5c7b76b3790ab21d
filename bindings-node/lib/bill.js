'use strict';

const { native, bind, wrap, handleOf } = require('./native.js');
const { answerOf, madeOf } = require('./answers.js');
const { later } = require('./errors.js');
const { Evidence, Reservations } = require('./evidence.js');
const { policyOf } = require('./policy.js');
const { Report } = require('./report.js');
const { instantText, known, pathText, read } = require('./values.js');

const jobKeys = ['policy', 'ecs', 'volumes', 'services', 'evidence', 'reservations', 'currency', 'asOf'];
const cellKeys = ['product', 'usageAccount', 'productArea', 'rowKind', 'pool', 'reason', 'mechanism', 'cluster', 'service'];
const rowKeys = ['source', 'rows', 'scanned'];
const scanKeys = ['format', 'currency', 'tagsCaseInsensitive', 'maxBadRows', 'allowDuplicates'];

/** The charges of one billing period: scanned once, asked many times. */
class Bill {
  /** The empty bill. */
  constructor() {
    bind(this, native.Bill.empty());
  }

  /** @param {string | URL} path */
  static async load(path) {
    return wrap(Bill, await later(() => native.Bill.load(pathText(path))));
  }

  /** @param {Uint8Array} bytes */
  static async fromBytes(bytes) {
    return wrap(Bill, await madeOf(bytes, native.Bill.receive));
  }

  /** @param {string | URL} path */
  async save(path) {
    await later(() => handleOf(this, Bill).save(pathText(path)));
  }

  /** @returns {Promise<Uint8Array>} */
  async toBytes() {
    return later(() => handleOf(this, Bill).toBytes());
  }

  /** @param {Bill} other */
  async merge(other) {
    return wrap(Bill, await later(() => handleOf(this, Bill).merge(handleOf(other, Bill))));
  }

  get period() {
    return headOf(this).period;
  }

  get basis() {
    return headOf(this).basis;
  }

  get tagKeys() {
    return headOf(this).tagKeys;
  }

  get costCategories() {
    return headOf(this).costCategories;
  }

  get rows() {
    return headOf(this).rows;
  }

  get excludedRows() {
    return headOf(this).excludedRows;
  }

  get charges() {
    return headOf(this).charges;
  }

  async currencies() {
    return headOf(this).currencies;
  }

  async payers() {
    return headOf(this).payers;
  }

  async digest() {
    return ask(this, 'digest');
  }

  /** @param {string} [currency] */
  async billed(currency = 'USD') {
    return ask(this, 'billed', currency);
  }

  /** @param {string | Date} [asOf] */
  async status(asOf) {
    return ask(this, 'status', instantText(asOf));
  }

  /** @param {string | Date} [asOf] */
  async inspect(asOf) {
    return ask(this, 'inspect', instantText(asOf));
  }

  /** @param {any} [options] */
  async attribute(options = {}) {
    const job = await jobOf(known(options, jobKeys, 'attribute'));
    const request = JSON.stringify(job.request);
    const report = await later(() => handleOf(this, Bill).attribute(job.evidence, job.reservations, request));
    return wrap(Report, report);
  }

  /** @param {any} [options] */
  async allocatedCharges(options = {}) {
    const job = await jobOf(known(options, jobKeys, 'allocatedCharges'));
    const request = JSON.stringify(job.request);
    return answerOf(() => handleOf(this, Bill).allocatedCharges(job.evidence, job.reservations, request));
  }

  /** @param {any} [options] */
  async explain(options = {}) {
    const { product, usageAccount, productArea, rowKind, pool, reason, mechanism, cluster, service, ...rest } = options;
    const { source, rows: most = 100, scanned, ...asked } = known(rest, [...jobKeys, ...cellKeys, ...rowKeys], 'explain');
    const job = await jobOf(asked);
    const cells = {
      product,
      usage_account: usageAccount,
      product_area: productArea,
      row_kind: rowKind,
      pool,
      reason,
      mechanism,
      cluster,
      service,
    };
    const paths = source === undefined ? undefined : [source].flat().map(pathText);
    const rows = paths && { scan: { ...scanOf(scanned), paths }, most };
    const request = JSON.stringify({ attribute: job.request, cells, rows });
    return answerOf(() => handleOf(this, Bill).explain(job.evidence, job.reservations, request));
  }
}

/** @param {any} [options] */
function scanOf(options = {}) {
  const { format, currency, tagsCaseInsensitive, maxBadRows, allowDuplicates } = known(options, scanKeys, 'explain');
  return {
    format,
    currency,
    tags_case_insensitive: tagsCaseInsensitive,
    max_bad_rows: maxBadRows,
    allow_duplicates: allowDuplicates,
  };
}

/** @param {Bill} bill */
function headOf(bill) {
  return read(handleOf(bill, Bill).head());
}

/**
 * @param {Bill} bill
 * @param {string} question
 * @param {string} [argument]
 */
async function ask(bill, question, argument) {
  return answerOf(() => handleOf(bill, Bill).ask(question, argument));
}

/** @param {any} options */
async function jobOf({ policy, ecs, volumes, services, evidence, reservations, currency, asOf }) {
  const how = policyOf(policy).toJSON();
  const instant = instantText(asOf);
  if (evidence && [ecs, volumes, services].some((it) => it !== undefined && it !== null)) {
    throw new TypeError('`evidence` holds tasks, volumes and services; give either');
  }
  const defaultCpu = how.containers.default_cpu;
  const said = evidence ?? (await Evidence.read({ ecs, volumes, services, defaultCpu, asOf: instant }));
  const isPath = typeof reservations === 'string' || reservations instanceof URL;
  const book = isPath ? await Reservations.read(reservations) : (reservations ?? new Reservations());
  return {
    evidence: handleOf(said, Evidence),
    reservations: handleOf(book, Reservations),
    request: { policy: how, currency, as_of: instant },
  };
}

module.exports = { Bill };
