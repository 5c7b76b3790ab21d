'use strict';

/** Evidence from outside the bill: who ran where, what was attached to what, who owns which service (spec 4). */

const { native, bind, wrap, handleOf } = require('./native.js');
const { answerOf } = require('./answers.js');
const { later } = require('./errors.js');
const { known, instantText, pathText } = require('./values.js');

/** @param {any} paths one path or several */
function pathsOf(paths) {
  return (Array.isArray(paths) ? paths : [paths]).map(pathText);
}

/** Event files, snapshots and normalized tables, by path or as text; read when a bill is attributed. */
class Events {
  /** @param {any} [paths] */
  constructor(paths = []) {
    /** @type {readonly object[]} */
    this.sources = Object.freeze(pathsOf(paths).map((path) => ({ path })));
    Object.freeze(this);
  }

  /** @param {string} text @param {{ name?: string }} [options] */
  static fromText(text, options = {}) {
    return new this().withText(text, options);
  }

  /** @param {string} text @param {{ name?: string }} [options] */
  withText(text, { name = 'text' } = {}) {
    const more = Object.create(Object.getPrototypeOf(this));
    more.sources = Object.freeze([...this.sources, { text: { name, text } }]);
    return Object.freeze(more);
  }
}

/** ECS task runs and container instances. */
class EcsUsage extends Events {}

/** Which EBS volume was attached to which instance, and when. */
class VolumeAttachments extends Events {}

/** Service → product area. */
class ServiceMap {
  /**
   * @param {string | URL | Record<string, string>} source a file, or an object of services and areas
   * @param {{ encoding?: 'auto' | 'plain' | 'base64' }} [options]
   */
  constructor(source, options = {}) {
    const { encoding = 'auto' } = known(options, ['encoding'], 'ServiceMap');
    const isPath = typeof source === 'string' || source instanceof URL;
    const text = { name: 'service map', text: isPath ? '' : JSON.stringify(source) };
    this.source = Object.freeze({ source: isPath ? { path: pathText(source) } : { text }, encoding });
    Object.freeze(this);
  }
}

/**
 * @param {any} value
 * @param {typeof EcsUsage | typeof VolumeAttachments} type
 */
function sourcesOf(value, type) {
  if (value === undefined || value === null) {
    return [];
  }
  return (value instanceof type ? value : new type(value)).sources;
}

/** Evidence read once, to be asked many times, and to tell a scan which intervals to keep. */
class Evidence {
  /** No evidence; use `Evidence.read`. */
  constructor() {
    bind(this, native.Evidence.none());
  }

  /** @param {any} [options] */
  static async read(options = {}) {
    const keys = ['ecs', 'volumes', 'services', 'defaultCpu', 'asOf'];
    const { ecs, volumes, services, defaultCpu, asOf } = known(options, keys, 'Evidence.read');
    const map = services === undefined || services === null || services instanceof ServiceMap;
    const maps = map ? services : new ServiceMap(services);
    const request = {
      events: [...sourcesOf(ecs, EcsUsage), ...sourcesOf(volumes, VolumeAttachments)],
      services: maps ? [maps.source] : [],
      default_cpu: defaultCpu,
      as_of: instantText(asOf),
    };
    return wrap(Evidence, await later(() => native.Evidence.read(JSON.stringify(request))));
  }

  async taskRuns() {
    return partOf(this, 'tasks');
  }

  async attachments() {
    return partOf(this, 'attachments');
  }

  async unattached() {
    return partOf(this, 'unattached');
  }

  async serviceOwners() {
    return partOf(this, 'services');
  }

  async diagnostics() {
    return partOf(this, 'diagnostics');
  }

  async resources() {
    return partOf(this, 'resources');
  }

  async digest() {
    return partOf(this, 'digest');
  }
}

/**
 * @param {Evidence} evidence
 * @param {string} part
 */
function partOf(evidence, part) {
  return answerOf(() => handleOf(evidence, Evidence).ask(part));
}

/** Commitment fees billed in other periods. */
class Reservations {
  /** The empty book; use `Reservations.read`. */
  constructor() {
    bind(this, native.Reservations.empty());
  }

  /** @param {string | URL} path JSON where the name ends so, else CSV */
  static async read(path) {
    return wrap(Reservations, await later(() => native.Reservations.read(pathText(path))));
  }

  /** @param {Reservations} stored */
  async combine(stored) {
    const [one, other] = [handleOf(this, Reservations), handleOf(stored, Reservations)];
    return wrap(Reservations, await later(() => one.combine(other)));
  }

  get digest() {
    return handleOf(this, Reservations).digest();
  }

  async toObjects() {
    return answerOf(() => handleOf(this, Reservations).fees());
  }
}

module.exports = { EcsUsage, VolumeAttachments, ServiceMap, Evidence, Reservations };
