'use strict';

const { native, handleOf, wrap } = require('./native.js');
const { Bill } = require('./bill.js');
const { answerOf } = require('./answers.js');
const { later } = require('./errors.js');
const { Evidence } = require('./evidence.js');
const { policyOf } = require('./policy.js');
const { Pump, sourcesOf } = require('./sources.js');
const { known, pathText } = require('./values.js');

/** Milliseconds between two looks at the progress. */
const TICK = 50;

const keys = [
  'period',
  'format',
  'basis',
  'tagKeys',
  'moreTagKeys',
  'costCategories',
  'tagsCaseInsensitive',
  'policy',
  'evidence',
  'keepIntervals',
  'currency',
  'maxBadRows',
  'allowDuplicates',
  'threads',
  'signal',
  'onProgress',
];

/**
 * Reads a bill: every row once, off the event loop, in memory bounded by distinct charges.
 * @param {any} source
 * @param {any} [options]
 * @returns {Promise<Bill>}
 */
async function scan(source, options = {}) {
  const { signal, onProgress, policy } = known(options, keys, 'scan');
  signal?.throwIfAborted();
  const { paths, streams } = sourcesOf(source);
  const request = JSON.stringify({ ...requestOf(options), paths });
  const how = policy ? policyOf(policy).toJson() : undefined;
  signal?.throwIfAborted();

  const job = new native.Scan();
  if (options.evidence) {
    job.keepFor(handleOf(options.evidence, Evidence));
  }
  const pumps = streams.map(({ name, stream }) => {
    const pipe = new native.Stream();
    job.addStream(name, pipe);
    return new Pump(name, stream, pipe);
  });
  const stop = () => {
    job.cancel();
    pumps.forEach((pump) => pump.stop());
  };
  const watch = watcher(job, onProgress, stop);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const running = later(() => job.run(request, how));
    pumps.forEach((pump) => pump.run());
    const bill = await running;
    signal?.throwIfAborted();
    watch.show();
    if (watch.failure) {
      throw watch.failure.error;
    }
    return wrap(Bill, bill);
  } catch (error) {
    signal?.throwIfAborted();
    throw watch.failure ? watch.failure.error : explained(error, pumps);
  } finally {
    watch.end();
    signal?.removeEventListener('abort', stop);
    pumps.forEach((pump) => pump.stop());
  }
}

/** @param {any} options */
function requestOf(options) {
  const { policy, basis, tagKeys, tagsCaseInsensitive = false, keepIntervals = 'all' } = options;
  if (policy && (basis !== undefined || tagKeys !== undefined || tagsCaseInsensitive)) {
    throw new TypeError('`policy` says basis, tag keys and folding of case; give either');
  }
  return {
    period: options.period,
    format: options.format,
    basis,
    currency: options.currency,
    tag_keys: tagKeys,
    more_tag_keys: options.moreTagKeys,
    cost_categories: options.costCategories,
    tags_case_insensitive: tagsCaseInsensitive,
    keep_intervals: Array.isArray(keepIntervals) ? { resources: keepIntervals } : keepIntervals,
    max_bad_rows: options.maxBadRows,
    allow_duplicates: options.allowDuplicates,
    threads: options.threads,
  };
}

/**
 * Shows progress from a timer that does not keep the process alive, and never after the scan.
 * @param {any} job
 * @param {((progress: object) => void) | undefined} onProgress
 * @param {() => void} stop
 */
function watcher(job, onProgress, stop) {
  const watch = {
    /** @type {{ error: any } | undefined} */
    failure: undefined,
    show() {
      const [bytesDone, bytesTotal, rows] = job.progress();
      try {
        onProgress?.({ bytesDone, bytesTotal, rows });
      } catch (error) {
        watch.failure ??= { error };
        stop();
      }
    },
    end() {
      clearInterval(timer);
    },
  };
  const timer = onProgress ? setInterval(watch.show, TICK).unref() : undefined;
  return watch;
}

/**
 * The error of a scan with what its source failed with as cause; a source that gives no bytes is a mistake of the caller.
 * @param {any} error
 * @param {Pump[]} pumps
 */
function explained(error, pumps) {
  const file = error.location?.file;
  const at = pumps.find((it) => it.failure && (file === it.name || file?.startsWith(`${it.name}!`)));
  if (!at?.failure) {
    return error;
  }
  const { error: cause } = at.failure;
  if (cause instanceof TypeError && cause.message.startsWith('a stream must give bytes')) {
    return cause;
  }
  error.cause = cause;
  return error;
}

/**
 * The tag keys that files have, sorted, as a scan can ask for them; those of one billing period where it is given.
 * @param {string | URL | (string | URL)[]} paths
 * @param {{ period?: string }} [options]
 * @returns {Promise<string[]>}
 */
async function tagKeys(paths, options = {}) {
  const { period } = known(options, ['period'], 'tagKeys');
  const all = (Array.isArray(paths) ? paths : [paths]).map(pathText);
  return answerOf(() => native.tagKeys(all, period));
}

module.exports = { scan, tagKeys };
